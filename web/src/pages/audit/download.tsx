import { useMutation } from '@tanstack/react-query';

import { Button } from '@/components/button';
import { ErrorNote } from '@/components/states';

import type { Filter } from './filter';
import { exportedEvents } from './log';

/** All events that the filters let through, as a file with one in each line. */
export function Download({ filter }: { filter: Filter }) {
  const download = useMutation({ mutationFn: () => exportedEvents(filter), onSuccess: save, networkMode: 'always' });
  return (
    <div>
      <Button size="small" busy={download.isPending} onClick={() => download.mutate()}>
        Download all of these
      </Button>
      <ErrorNote error={download.error} />
    </div>
  );
}

/** Hands a file to the browser, which keeps it where the person keeps theirs. */
function save(file: Blob): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(file);
  link.download = 'events.jsonl';
  link.click();
  // It is read by then, or never.
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
