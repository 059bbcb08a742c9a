/** Files as they come from the browser's dialogs and from dragging, sorted into models and all else. */

/** The files of a model, and what the user calls them. */
export interface ModelFiles {
  named: string;
  files: readonly File[];
}

const OF_A_MODEL = /^(config|model\.safetensors\.index)\.json$|\.safetensors$/;

/** A folder of a model holds some twenty files; this many are looked at. */
const MOST = 2000;

/** Whether any of them is a file that models alone have. */
export const isModel = (files: readonly File[]): boolean => files.some(({ name }) => OF_A_MODEL.test(name));

/** Chosen files as a model; of a folder, those that lie directly in it. */
export function modelOf(files: readonly File[]): ModelFiles {
  const direct = files
    .slice(0, MOST)
    .filter(({ webkitRelativePath: path }) => !path || path.split('/').length === 2);
  const folder = direct[0]?.webkitRelativePath?.split('/')[0] ?? '';
  const weights = direct.find(({ name }) => name.endsWith('.safetensors'));
  return { named: folder || (weights?.name.replace(/\.safetensors$/, '') ?? 'model'), files: direct };
}

/** What was dropped: files, and those of a folder. Has to be called while the event is handled. */
export function droppedFiles(transfer: DataTransfer): Promise<{ folder: string; files: File[] }> {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry());
  const folder = entries.find((entry) => entry?.isDirectory);
  if (!folder) return Promise.resolve({ folder: '', files: [...transfer.files] });
  return filesIn(folder as FileSystemDirectoryEntry).then((files) => ({ folder: folder.name, files }));
}

async function filesIn(folder: FileSystemDirectoryEntry): Promise<File[]> {
  const reader = folder.createReader();
  const files: File[] = [];
  // It hands out its entries in batches, and none when there are no more.
  for (;;) {
    const batch = await new Promise<FileSystemEntry[]>((resolve, reject) =>
      reader.readEntries(resolve, reject),
    );
    if (batch.length === 0 || files.length >= MOST) return files;
    for (const entry of batch)
      if (entry.isFile)
        files.push(
          await new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject)),
        );
  }
}
