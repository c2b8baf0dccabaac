// The metrics a reader may know, and by what each may be grouped, with labels.
import { shallowRef } from 'vue';
import { get } from '../../core/api';
import { label, lang } from '../../core/i18n';
import { fieldOf, loadEntity, shortOf, type EntityDef, type Page, type Row } from '../../core/schema';

export const metricFields = 'name,label_zh,label_en,explanation,entity,filter,measure,field,hit,time_field,dimensions,unit,direction,daily,position';
export function useMetrics() {
  const metrics = shallowRef<Row[]>([]);
  const entities = shallowRef(new Map<string, EntityDef>());
  async function loadMetrics(): Promise<void> {
    const rows: Row[] = [];
    let cursor: string | undefined;
    do {
      const page: Page = await get<Page>('/metric-defs', { limit: 200, fields: metricFields, sort: 'position', cursor });
      rows.push(...page.data);
      cursor = page.next_cursor ?? undefined;
    } while (cursor);
    // Of what one may not read there is no schema to ask for.
    const names = [...new Set(rows.map((r) => String(r.entity)))].filter((n) => shortOf(n));
    const found = await Promise.allSettled(names.map((n) => loadEntity(n)));
    entities.value = new Map(found.flatMap((x, i) => (x.status === 'fulfilled' ? [[names[i]!, x.value] as const] : [])));
    for (const r of rows) r.shown = (lang.value === 'en' && r.label_en) || r.label_zh;
    metrics.value = rows;
  }
  function dimensionsOf(name: string): { name: string; label: string }[] {
    const m = metrics.value.find((x) => x.name === name), e = entities.value.get(String(m?.entity));
    const list = Array.isArray(m?.dimensions) ? (m.dimensions as string[]) : [];
    return list.flatMap((d) => { const f = e && fieldOf(e, d); return f ? [{ name: d, label: label(f.label) }] : []; });
  }
  return { metrics, entities, loadMetrics, dimensionsOf };
}
