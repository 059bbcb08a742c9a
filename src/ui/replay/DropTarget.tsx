/** Files dragged over the page: a recorded run or a model can be dropped anywhere. Shows where, while one is held over it. */
import { useLayoutEffect, useState } from 'react';
import { droppedFiles, isModel, modelOf } from '../models/files';
import { useSession } from '../state/context';
import styles from './Replay.module.css';

const hasFiles = (event: DragEvent): boolean => event.dataTransfer?.types.includes('Files') === true;

export function DropTarget() {
  const session = useSession();
  const [over, setOver] = useState(false);
  // Before the page is first painted: where it can be seen, a file can be dropped on it.
  useLayoutEffect(() => {
    const dragged = (event: DragEvent) => {
      if (!hasFiles(event)) return;
      event.preventDefault();
      setOver(true);
    };
    const left = (event: DragEvent) => {
      // Out of the window, not from one element to the next.
      if (event.relatedTarget === null) setOver(false);
    };
    const dropped = (event: DragEvent) => {
      if (!hasFiles(event)) return;
      event.preventDefault();
      setOver(false);
      if (!event.dataTransfer) return;
      droppedFiles(event.dataTransfer).then(
        ({ folder, files }) => {
          if (folder !== '' || isModel(files)) {
            const model = modelOf(files);
            session.models.open({ ...model, named: folder || model.named });
          } else if (files[0]) session.openRecording(files[0], files[0].name);
        },
        // What cannot be read any more was dropped by a program that took it back.
        () => {},
      );
    };
    document.addEventListener('dragover', dragged);
    document.addEventListener('dragleave', left);
    document.addEventListener('drop', dropped);
    return () => {
      document.removeEventListener('dragover', dragged);
      document.removeEventListener('dragleave', left);
      document.removeEventListener('drop', dropped);
    };
  }, [session]);
  if (!over) return null;
  return (
    <div className={styles.drop} aria-hidden="true">
      <p>Drop a recorded run (events.jsonl), or a model’s files or folder, to open it</p>
    </div>
  );
}
