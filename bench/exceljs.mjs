// Reads a workbook with exceljs and prints what bench_parse prints: node exceljs.mjs FILE stream|whole
import ExcelJS from 'exceljs';

const [file, how] = process.argv.slice(2);
const begin = performance.now();
let rows = 0, cells = 0, bytes = 0;
const take = (row) => {
  rows++;
  row.eachCell((cell) => { cells++; bytes += cell.text.length; });
};
if (how === 'stream') {
  const book = new ExcelJS.stream.xlsx.WorkbookReader(file, { sharedStrings: 'cache', styles: 'cache', worksheets: 'emit' });
  for await (const sheet of book) for await (const row of sheet) take(row);
} else {
  const book = new ExcelJS.Workbook();
  await book.xlsx.readFile(file);
  book.worksheets[0].eachRow(take);
}
console.log(JSON.stringify({ rows, cells, bytes, ms: performance.now() - begin, max_kb: process.resourceUsage().maxRSS }));
