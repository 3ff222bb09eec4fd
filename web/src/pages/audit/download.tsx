import { useMutation } from '@tanstack/react-query';

import { Button } from '@/components/button';
import { saveFile } from '@/components/save-file';
import { ErrorNote } from '@/components/states';

import type { Filter } from './filter';
import { exportedEvents } from './log';

/** All events that the filters let through, as a file with one in each line. */
export function Download({ filter }: { filter: Filter }) {
  const download = useMutation({
    mutationFn: () => exportedEvents(filter),
    onSuccess: (file) => saveFile(file, 'events.jsonl'),
    networkMode: 'always',
  });
  return (
    <div>
      <Button size="small" busy={download.isPending} onClick={() => download.mutate()}>
        Download all of these
      </Button>
      <ErrorNote error={download.error} />
    </div>
  );
}
