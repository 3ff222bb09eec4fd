import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';

import { type Schemas, answer, api } from '@/api/client';
import { useCommand } from '@/api/command';
import { subscriptionQuery } from '@/api/queries';
import { Button } from '@/components/button';
import { Confirm } from '@/components/confirm';
import { SelectField } from '@/components/field';
import { ErrorNote } from '@/components/states';
import { day } from '@/format/format';

type Reason = Schemas['CancellationReason'];

const REASONS: Record<Reason, string> = {
  too_expensive: 'It costs too much',
  unused: 'I do not use it enough',
  missing_features: 'Something is missing',
  low_quality: 'The pictures or letters are not good enough',
  switched_service: 'I found something else',
  too_complex: 'It is too complicated',
  customer_service: 'The support was not good',
  other: 'Something else',
};

/** The second and last step of ending it; the question may be left alone. */
export function CancelDialog({ open, end, onClose }: { open: boolean; end: string | undefined; onClose: () => void }) {
  const client = useQueryClient();
  const [reason, setReason] = useState<Reason | ''>('');
  const cancel = useCommand(
    (given: Reason | '', headers) =>
      answer(
        api.POST('/billing/cancel', {
          body: given === '' ? {} : { survey: { reason: given } },
          params: { header: headers },
        }),
      ),
    {
      onSuccess: (ending) => {
        client.setQueryData(subscriptionQuery.queryKey, ending);
        onClose();
      },
    },
  );
  return (
    <Confirm
      open={open}
      onClose={onClose}
      title="End your subscription?"
      keep="Keep it"
      act={
        <Button look="danger" busy={cancel.isPending} onClick={() => cancel.mutate(reason)}>
          End it
        </Button>
      }
    >
      <p>
        {end === undefined ? 'It ends with the current period.' : `Everything stays open until ${day(end)}.`} Your pictures
        and letters are kept, and until then you can change your mind.
      </p>
      <SelectField
        label="Would you tell us why?"
        hint="You need not."
        value={reason}
        onChange={(event) => setReason(event.target.value as Reason | '')}
      >
        <option value="">I would rather not say</option>
        {Object.entries(REASONS).map(([id, words]) => (
          <option key={id} value={id}>
            {words}
          </option>
        ))}
      </SelectField>
      <ErrorNote error={cancel.error} />
    </Confirm>
  );
}
