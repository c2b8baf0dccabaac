// A chart as a picture: the SVG with its computed colours, on the ground of the page, at twice its size.
const kept = ['fill', 'stroke', 'stroke-width', 'font-family', 'font-size', 'font-weight', 'opacity'];

export async function pngOf(svg: SVGSVGElement, title: string): Promise<Blob> {
  const copy = svg.cloneNode(true) as SVGSVGElement;
  const from = svg.querySelectorAll('*'), to = copy.querySelectorAll('*');
  from.forEach((e, i) => {
    const style = getComputedStyle(e);
    // As attributes: an inline style, even of a copy, is what the page's own policy forbids.
    for (const name of kept) to[i]!.setAttribute(name, style.getPropertyValue(name));
  });
  const page = getComputedStyle(document.documentElement);
  const w = svg.width.baseVal.value, h = svg.height.baseVal.value, head = 30;
  copy.setAttribute('xmlns', 'http://www.w3.org/2000/svg');
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(new XMLSerializer().serializeToString(copy))}`;
  await image.decode();
  const canvas = document.createElement('canvas');
  canvas.width = w * 2; canvas.height = (h + head) * 2;
  const g = canvas.getContext('2d')!;
  g.scale(2, 2);
  g.fillStyle = page.getPropertyValue('--surface').trim() || '#ffffff';
  g.fillRect(0, 0, w, h + head);
  g.fillStyle = page.getPropertyValue('--text').trim() || '#000000';
  g.font = `600 14px ${getComputedStyle(document.body).fontFamily}`;
  g.fillText(title, 8, 20);
  g.drawImage(image, 0, head, w, h);
  return new Promise((done, fail) => canvas.toBlob((blob) => (blob ? done(blob) : fail(new Error('png'))), 'image/png'));
}
export function offer(blob: Blob, name: string): void {
  const a = document.createElement('a');
  a.href = URL.createObjectURL(blob);
  a.download = name;
  a.click();
  setTimeout(() => URL.revokeObjectURL(a.href), 10_000);
}
