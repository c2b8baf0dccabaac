// Workbooks for tests: made (stored zip, inline strings) and read (the sheets as arrays of texts), without packages.
import { deflateRawSync, inflateRawSync } from 'node:zlib';

const table = Uint32Array.from({ length: 256 }, (_, n) => {
  let c = n;
  for (let k = 0; k < 8; k++) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1;
  return c >>> 0;
});
const crc32 = (data) => {
  let c = 0xffffffff;
  for (const byte of data) c = table[(c ^ byte) & 255] ^ (c >>> 8);
  return (c ^ 0xffffffff) >>> 0;
};
const escape = (s) => String(s).replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');

/** A zip of {name: text}, compressed where that is asked for. */
export function zip(entries, { pack = false } = {}) {
  const parts = [], central = [];
  let at = 0;
  for (const [name, text] of Object.entries(entries)) {
    const plain = Buffer.from(text), data = pack ? deflateRawSync(plain) : plain, file = Buffer.from(name), head = Buffer.alloc(30), dir = Buffer.alloc(46);
    head.writeUInt32LE(0x04034b50, 0); head.writeUInt16LE(20, 4); head.writeUInt16LE(0x0800, 6); head.writeUInt16LE(pack ? 8 : 0, 8);
    head.writeUInt32LE(crc32(plain), 14); head.writeUInt32LE(data.length, 18); head.writeUInt32LE(plain.length, 22); head.writeUInt16LE(file.length, 26);
    dir.writeUInt32LE(0x02014b50, 0); dir.writeUInt16LE(20, 4); dir.writeUInt16LE(20, 6); head.copy(dir, 8, 6, 30);
    dir.writeUInt32LE(at, 42);
    parts.push(head, file, data); central.push(dir, file);
    at += 30 + file.length + data.length;
  }
  const directory = Buffer.concat(central), end = Buffer.alloc(22), n = Object.keys(entries).length;
  end.writeUInt32LE(0x06054b50, 0); end.writeUInt16LE(n, 8); end.writeUInt16LE(n, 10);
  end.writeUInt32LE(directory.length, 12); end.writeUInt32LE(at, 16);
  return Buffer.concat([...parts, directory, end]);
}

const letters = (n) => (n < 26 ? '' : letters(Math.floor(n / 26) - 1)) + String.fromCharCode(65 + (n % 26));

/** {sheet name: [[cells]]} → .xlsx. Numbers become number cells, null none. more: {sheet name: {merges: ['A1:B1'], hiddenRows: [3], hiddenColumns: [2], hidden: true}}. */
export function workbook(sheets, more = {}) {
  const names = Object.keys(sheets);
  const cell = (v, r, c) => v === null || v === undefined || v === '' ? ''
    : typeof v === 'number' ? `<c r="${letters(c)}${r + 1}"><v>${v}</v></c>`
    : `<c r="${letters(c)}${r + 1}" t="inlineStr"><is><t xml:space="preserve">${escape(v)}</t></is></c>`;
  const main = 'http://schemas.openxmlformats.org/spreadsheetml/2006/main';
  const rel = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships';
  const files = {
    '_rels/.rels': `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r" Type="${rel}/officeDocument" Target="xl/workbook.xml"/></Relationships>`,
    'xl/workbook.xml': `<workbook xmlns="${main}" xmlns:r="${rel}"><sheets>${names.map((n, i) => `<sheet name="${escape(n)}"${more[n]?.hidden ? ' state="hidden"' : ''} sheetId="${i + 1}" r:id="s${i}"/>`).join('')}</sheets></workbook>`,
    'xl/_rels/workbook.xml.rels': `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">${names.map((_, i) => `<Relationship Id="s${i}" Type="${rel}/worksheet" Target="worksheets/s${i}.xml"/>`).join('')}</Relationships>`,
  };
  names.forEach((name, i) => {
    const { merges = [], hiddenRows = [], hiddenColumns = [] } = more[name] ?? {};
    files[`xl/worksheets/s${i}.xml`] = `<worksheet xmlns="${main}">${hiddenColumns.length ? `<cols>${hiddenColumns.map((c) => `<col min="${c}" max="${c}" width="9" hidden="1"/>`).join('')}</cols>` : ''}<sheetData>${sheets[name].map((row, r) => `<row r="${r + 1}"${hiddenRows.includes(r + 1) ? ' hidden="1"' : ''}>${row.map((v, c) => cell(v, r, c)).join('')}</row>`).join('')}</sheetData>${merges.length ? `<mergeCells>${merges.map((m) => `<mergeCell ref="${m}"/>`).join('')}</mergeCells>` : ''}</worksheet>`;
  });
  return zip(files);
}

/** The entries of a zip: {name: Buffer}. */
export function unzip(data) {
  const out = {};
  const end = data.lastIndexOf(Buffer.from('PK\x05\x06', 'latin1'));
  let at = data.readUInt32LE(end + 16);
  for (let i = data.readUInt16LE(end + 10); i > 0; i--) {
    const [method, size, n, extra, comment] = [data.readUInt16LE(at + 10), data.readUInt32LE(at + 20), data.readUInt16LE(at + 28), data.readUInt16LE(at + 30), data.readUInt16LE(at + 32)];
    const local = data.readUInt32LE(at + 42), name = data.toString('utf8', at + 46, at + 46 + n);
    const from = local + 30 + data.readUInt16LE(local + 26) + data.readUInt16LE(local + 28);
    const packed = data.subarray(from, from + size);
    out[name] = method ? inflateRawSync(packed) : packed;
    at += 46 + n + extra + comment;
  }
  return out;
}

const plain = (s) => s.replace(/<rPh.*?<\/rPh>/gs, '').replace(/<[^>]*>/g, '').replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&quot;', '"').replaceAll('&amp;', '&');

/** .xlsx → {names, sheets: {name: [[texts]]}, files}; enough for files that libxlsxwriter writes. */
export function readWorkbook(data) {
  const files = unzip(data), text = (name) => files[name]?.toString('utf8') ?? '';
  const strings = [...text('xl/sharedStrings.xml').matchAll(/<si>(.*?)<\/si>/gs)].map((m) => plain(m[1]));
  const names = [...text('xl/workbook.xml').matchAll(/<sheet name="([^"]*)"([^>]*)/g)].map((m) => ({ name: plain(m[1]), hidden: /state=/.test(m[2]) }));
  const sheets = {};
  names.forEach(({ name }, i) => {
    const rows = [];
    for (const [, r, body] of text(`xl/worksheets/sheet${i + 1}.xml`).matchAll(/<row r="(\d+)"[^>]*?(?:\/>|>(.*?)<\/row>)/gs)) {
      const row = (rows[Number(r) - 1] = []);
      for (const [, ref, attrs, inner] of (body ?? '').matchAll(/<c r="([A-Z]+)\d+"([^>]*?)(?:\/>|>(.*?)<\/c>)/gs)) {
        const col = [...ref].reduce((n, ch) => n * 26 + ch.charCodeAt(0) - 64, 0) - 1;
        const value = plain(inner ?? '');
        row[col] = /t="s"/.test(attrs) ? strings[Number(value)] : value;
      }
    }
    sheets[name] = rows;
  });
  return { names, sheets, files };
}
