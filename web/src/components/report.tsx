import { useId, useState } from 'react';

import { type Schemas, answer, api } from '@/api/client';
import { useCommand } from '@/api/command';
import { limits } from '@/api/limits';
import { fieldErrors } from '@/api/problem';
import { moment } from '@/format/format';

import { Button } from './button';
import dialog from './confirm.module.css';
import { SelectField, TextArea } from './field';
import { Modal } from './modal';
import { REASONS } from './report-reasons';
import { ErrorNote } from './states';
import styles from './report.module.css';

type Subject = Schemas['ReportSubject'];
type Reason = Schemas['ReportReason'];

/** Lets people say that something should not be there. */
export function Report({ subject, what, look }: {
  subject: Subject;
  /** As in `Report this picture`. */
  what: string;
  /** `aside`: a few small words beside something. */
  look: 'button' | 'aside';
}) {
  const [open, show] = useState(false);
  return (
    <>
      {look === 'button' ? (
        <Button look="quiet" onClick={() => show(true)}>
          Report
        </Button>
      ) : (
        <button type="button" className={styles.aside} aria-label={`Report ${what}`} onClick={() => show(true)}>
          Report
        </button>
      )}
      {open && <Dialog subject={subject} what={what} onClose={() => show(false)} />}
    </>
  );
}

function Dialog({ subject, what, onClose }: { subject: Subject; what: string; onClose: () => void }) {
  const form = useId();
  const [reason, choose] = useState<Reason | ''>('');
  const [text, write] = useState('');
  const report = useCommand((body: Schemas['NewReport'], headers) =>
    answer(api.POST('/reports', { body, params: { header: headers } })),
  );
  const bad = fieldErrors(report.error);
  if (report.data !== undefined) {
    return (
      <Modal lightly title="Thank you" className={dialog.dialog} onClose={onClose}>
        <p role="status" className={dialog.body}>
          Somebody looks at it by {moment(report.data.due_at)}.
        </p>
        <div className={dialog.choices}>
          <Button onClick={onClose}>Close</Button>
        </div>
      </Modal>
    );
  }
  return (
    <Modal
      title={`Report ${what}`}
      description="Somebody of those who run this looks at it, and decides."
      className={dialog.dialog}
      onClose={onClose}
    >
      <form
        id={form}
        className={dialog.body}
        onSubmit={(event) => {
          event.preventDefault();
          if (reason !== '') report.mutate({ subject, reason, ...(text.trim() === '' ? {} : { text: text.trim() }) });
        }}
      >
        <SelectField
          label="What is wrong with it?"
          required
          value={reason}
          error={bad.reason}
          onChange={(event) => choose(event.target.value as Reason | '')}
        >
          <option value="">Choose</option>
          {Object.entries(REASONS).map(([value, words]) => (
            <option key={value} value={value}>
              {words}
            </option>
          ))}
        </SelectField>
        <TextArea
          label="In your own words, if you like"
          rows={3}
          maxLength={limits.NewReport.text.maxLength}
          value={text}
          error={bad.text}
          onChange={(event) => write(event.target.value)}
        />
        <ErrorNote error={report.error} />
      </form>
      <div className={dialog.choices}>
        <Button onClick={onClose}>Keep it to myself</Button>
        <Button look="main" type="submit" form={form} busy={report.isPending}>
          Report it
        </Button>
      </div>
    </Modal>
  );
}
