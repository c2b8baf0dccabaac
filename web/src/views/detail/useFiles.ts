// Files that come to a page by themselves: dropped anywhere on it, or pasted (a screenshot). Text that is pasted into a field
// stays with the field.
import { onBeforeUnmount, onMounted } from 'vue';

const two = (n: number) => String(n).padStart(2, '0');
/** A pasted picture is always called image.png; the time tells one from the other. */
export function named(file: File, word: string, now = new Date()): File {
  if (!/^image\.(png|jpe?g|webp)$/i.test(file.name)) return file;
  const stamp = `${now.getFullYear()}-${two(now.getMonth() + 1)}-${two(now.getDate())} ${two(now.getHours())}.${two(now.getMinutes())}.${two(now.getSeconds())}`;
  return new File([file], `${word} ${stamp}.${file.name.split('.').pop()}`, { type: file.type });
}

export function useFiles(wanted: () => boolean, word: () => string, take: (files: File[]) => void): void {
  const hasFiles = (data: DataTransfer | null) => !!data && [...data.types].includes('Files');
  function onPaste(event: ClipboardEvent): void {
    const files = [...(event.clipboardData?.files ?? [])];
    if (!files.length || !wanted() || event.defaultPrevented || document.querySelector('.layer')) return;
    if ((event.target as HTMLElement).closest?.('input, textarea, [contenteditable]') && event.clipboardData?.getData('text/plain')) return;
    event.preventDefault();
    take(files.map((f) => named(f, word())));
  }
  function onOver(event: DragEvent): void { if (hasFiles(event.dataTransfer) && wanted()) event.preventDefault(); }
  function onDrop(event: DragEvent): void {
    if (!hasFiles(event.dataTransfer) || event.defaultPrevented || !wanted() || document.querySelector('.layer')) return;
    event.preventDefault();
    take([...event.dataTransfer!.files]);
  }
  onMounted(() => { document.addEventListener('paste', onPaste); document.addEventListener('dragover', onOver); document.addEventListener('drop', onDrop); });
  onBeforeUnmount(() => { document.removeEventListener('paste', onPaste); document.removeEventListener('dragover', onOver); document.removeEventListener('drop', onDrop); });
}
