// A pasted contact block (card, signature, chat, courier address, vCard) into the values of a form.
import { post } from '../../core/api';
import { label } from '../../core/i18n';
import { fieldOf, type EntityDef } from '../../core/schema';
import { isEmpty, typeOf } from '../../fields/registry';
import type { Form } from './useForm';

/** What the server read. cards: of a file of vCards all of them, the first included. */
export interface Read { customer: Record<string, unknown>; contact: Record<string, unknown>; cards?: Read[] }

/** Pictures and keys of vCards are long and never needed. */
const withoutPictures = (text: string) => text.replace(/^(?:[\w-]+\.)?(?:PHOTO|LOGO|SOUND|KEY)[;:].*\r?\n(?:(?:[ \t].*|[A-Za-z0-9+/=]{40,})\r?\n)*/gim, '');

/** The bytes of a file as text: UTF-8, or else what Chinese address books write. */
export async function textOf(file: File): Promise<string> {
  const bytes = await file.arrayBuffer();
  let text: string;
  try { text = new TextDecoder('utf-8', { fatal: true }).decode(bytes); } catch { text = new TextDecoder('gb18030').decode(bytes); }
  return withoutPictures(text);
}

/** Has the entity somewhere to put a person? Then a block can be read into it. */
export const takesBlock = (entity: EntityDef): boolean => entity.name === 'customer' && entity.fields.some((f) => f.name === 'primary_contact');

export const readBlock = (text: string): Promise<Read> => post<Read>('/contacts/actions/parse', { text });

/** Fills what was read; answers the fields filled. */
export function fillBlock(entity: EntityDef, form: Form, read: Read): { names: string[]; labels: string[] } {
  const names: string[] = [];
  const labels: string[] = [];
  const put = (name: string, value: unknown) => {
    const field = fieldOf(entity, name);
    if (!field || !form.fields.includes(field) || isEmpty(value)) return;
    form.set(name, field.type === 'region' ? value : typeOf(field).fromApi(value, field));
    names.push(name);
    labels.push(label(field.label));
  };
  for (const [name, value] of Object.entries(read.customer)) put(name, value);
  if (isEmpty(read.customer.name) && isEmpty(form.values.name)) put('name', read.contact.name);
  if (Object.keys(read.contact).length) put('primary_contact', { ...(form.values.primary_contact as object | null), ...read.contact });
  return { names, labels };
}
