// A pasted contact block (card, signature, chat, courier address, vCard) into the values of a form.
import { post } from '../../core/api';
import { label } from '../../core/i18n';
import { fieldOf, type EntityDef } from '../../core/schema';
import { isEmpty, typeOf } from '../../fields/registry';
import type { Form } from './useForm';

export interface Read { customer: Record<string, unknown>; contact: Record<string, unknown>; cards?: number }

/** The bytes of a file as text: UTF-8, or else what Chinese address books write. */
export async function textOf(file: File): Promise<string> {
  const bytes = await file.arrayBuffer();
  try { return new TextDecoder('utf-8', { fatal: true }).decode(bytes); } catch { return new TextDecoder('gb18030').decode(bytes); }
}

/** Has the entity somewhere to put a person? Then a block can be read into it. */
export const takesBlock = (entity: EntityDef): boolean => entity.name === 'customer' && entity.fields.some((f) => f.name === 'primary_contact');

/** Reads the text and fills what it gave; answers the labels of the fields filled. */
export async function readBlock(entity: EntityDef, form: Form, text: string): Promise<{ filled: string[]; names: string[]; read: Read }> {
  const read = await post<Read>('/contacts/actions/parse', { text });
  const filled: string[] = [];
  const names: string[] = [];
  const put = (name: string, value: unknown) => {
    const field = fieldOf(entity, name);
    if (!field || !form.fields.includes(field) || isEmpty(value)) return;
    form.set(name, field.type === 'region' ? value : typeOf(field).fromApi(value, field));
    filled.push(label(field.label));
    names.push(name);
  };
  for (const [name, value] of Object.entries(read.customer)) put(name, value);
  if (isEmpty(read.customer.name) && !isEmpty(read.contact.name) && isEmpty(form.values.name)) put('name', read.contact.name);
  if (Object.keys(read.contact).length) put('primary_contact', { ...(form.values.primary_contact as object | null), ...read.contact });
  return { filled, names, read };
}
