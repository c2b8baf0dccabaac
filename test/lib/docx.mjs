// Word documents as small as Word takes them, and the text of one.
import { unzip, zip } from './xlsx.mjs';

const main = 'http://schemas.openxmlformats.org/wordprocessingml/2006/main';
const word = 'application/vnd.openxmlformats-officedocument.wordprocessingml';
const rel = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships';
const rels = (inner) => `<?xml version="1.0" encoding="UTF-8"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">${inner}</Relationships>`;

/** A paragraph; several texts are several runs, as Word cuts them. */
export const p = (...runs) => `<w:p>${runs.map((t) => `<w:r><w:t xml:space="preserve">${t}</w:t></w:r>`).join('')}</w:p>`;
/** A table of rows of cells of texts. */
export const table = (...rows) => `<w:tbl><w:tblPr/><w:tblGrid/>${rows.map((r) => `<w:tr>${r.map((t) => `<w:tc>${p(t)}</w:tc>`).join('')}</w:tr>`).join('')}</w:tbl>`;

/** body: XML. header: a text. more: {name: text} put in beside, or instead. */
export function docx(body, { header, more = {} } = {}) {
  return zip({
    '[Content_Types].xml': `<?xml version="1.0" encoding="UTF-8"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/word/document.xml" ContentType="${word}.document.main+xml"/>${header ? `<Override PartName="/word/header1.xml" ContentType="${word}.header+xml"/>` : ''}<Override PartName="/docProps/core.xml" ContentType="application/vnd.openxmlformats-package.core-properties+xml"/></Types>`,
    '_rels/.rels': rels(`<Relationship Id="r1" Type="${rel}/officeDocument" Target="word/document.xml"/><Relationship Id="r2" Type="http://schemas.openxmlformats.org/package/2006/relationships/metadata/core-properties" Target="docProps/core.xml"/>`),
    'word/document.xml': `<?xml version="1.0" encoding="UTF-8"?><w:document xmlns:w="${main}" xmlns:r="${rel}"><w:body>${body}<w:sectPr>${header ? '<w:headerReference w:type="default" r:id="h1"/>' : ''}</w:sectPr></w:body></w:document>`,
    'word/_rels/document.xml.rels': rels(header ? `<Relationship Id="h1" Type="${rel}/header" Target="header1.xml"/>` : ''),
    ...(header ? { 'word/header1.xml': `<?xml version="1.0" encoding="UTF-8"?><w:hdr xmlns:w="${main}">${p(header)}</w:hdr>` } : {}),
    'docProps/core.xml': '<?xml version="1.0" encoding="UTF-8"?><cp:coreProperties xmlns:cp="http://schemas.openxmlformats.org/package/2006/metadata/core-properties" xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:creator>secret author</dc:creator></cp:coreProperties>',
    ...more,
  }, { pack: true });
}

const plain = (xml) => xml.replace(/<w:br\/>/g, '\n').replace(/<\/w:p>/g, '\n').replace(/<[^>]*>/g, '')
  .replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&quot;', '"').replaceAll('&amp;', '&');

/** {text, header, rows: [[cells]], files} of a document. */
export function readDocx(bytes) {
  const files = unzip(bytes), xml = files['word/document.xml'].toString('utf8');
  const rows = [...xml.matchAll(/<w:tr[ >].*?<\/w:tr>/gs)].map(([r]) => [...r.matchAll(/<w:tc>.*?<\/w:tc>/gs)].map(([c]) => plain(c).trim()));
  return { xml, text: plain(xml), header: files['word/header1.xml'] && plain(files['word/header1.xml'].toString('utf8')), rows, files };
}
