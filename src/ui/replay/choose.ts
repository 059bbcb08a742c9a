/** The browser's dialog for a recorded run, as a function that a button or a menu calls. */
import { useCallback } from 'react';
import { useSession } from '../state/context';

export function useChooseRecording(): () => void {
  const session = useSession();
  return useCallback(() => {
    const input = document.createElement('input');
    input.type = 'file';
    input.accept = '.jsonl,.gz,application/jsonl,application/x-ndjson,application/gzip';
    input.addEventListener('change', () => {
      const file = input.files?.[0];
      if (file) session.openRecording(file, file.name);
    });
    input.click();
  }, [session]);
}
