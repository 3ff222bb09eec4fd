import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';

import { type Schemas, answer, api } from '@/api/client';
import { type CommandHeaders, useCommand } from '@/api/command';
import { fieldErrors } from '@/api/problem';
import { Button } from '@/components/button';
import { TextArea } from '@/components/field';
import { REASONS } from '@/components/report-reasons';
import { SideSheet } from '@/components/side-sheet';
import { Loading, Skeleton } from '@/components/skeleton';
import { ErrorNote, ErrorState } from '@/components/states';
import { instant } from '@/format/ledger';

import { DECISIONS, type Decision } from './report-words';
import { reportQuery, useLookAgain } from './queries';
import styles from './reports.module.css';

/** A report with what it is about, and the decision. */
export function ReportSheet({ id, onClose }: { id: string; onClose: () => void }) {
  const { data, error, refetch } = useQuery(reportQuery(id));
  return (
    <SideSheet
      open
      onClose={onClose}
      title={data === undefined ? 'A report' : REASONS[data.reason]}
      description="That you looked at it is on record."
    >
      {error !== null && data === undefined && <ErrorState error={error} again={() => void refetch()} />}
      {error === null && data === undefined && (
        <>
          <Loading what="The report is on its way" />
          <Skeleton height="2em" />
          <Skeleton ratio="1 / 1" />
        </>
      )}
      {data !== undefined && (
        <>
          <About report={data} />
          {data.status === 'open' ? <Decide report={data} onDone={onClose} /> : <Decided report={data} />}
        </>
      )}
    </SideSheet>
  );
}

function About({ report: { subject, text, photo, message } }: { report: Schemas['ReportedContent'] }) {
  return (
    <section aria-label="What it is about" className={styles.about}>
      <p className={styles.words}>{text === undefined || text === null ? 'The person wrote nothing about it.' : `“${text}”`}</p>
      {subject.kind === 'message' ? <ReportedMessage message={message ?? null} /> : <ReportedPhoto photo={photo ?? null} />}
    </section>
  );
}

function ReportedMessage({ message }: { message: Schemas['Message'] | null }) {
  if (message === null) return <p className={styles.veiled}>The message is gone.</p>;
  return (
    <figure className={styles.said}>
      <figcaption>{message.role === 'user' ? 'The person said' : 'The companion said'}</figcaption>
      <blockquote className={styles.words}>{message.text === '' ? 'Nothing: it is only a picture.' : message.text}</blockquote>
    </figure>
  );
}

function ReportedPhoto({ photo }: { photo: Schemas['Photo'] | null }) {
  const [shown, setShown] = useState(false);
  return (
    <>
      {photo?.image === undefined ? (
        <p className={styles.veiled}>{photo === null ? 'The picture is gone.' : 'There is no picture: it was never delivered.'}</p>
      ) : shown ? (
        <img src={photo.image.url} alt="What was reported" width={photo.image.width} height={photo.image.height} className={styles.picture} />
      ) : (
        <div className={styles.veiled}>
          <p>It may be disturbing.</p>
          <Button size="small" onClick={() => setShown(true)}>
            Show the picture
          </Button>
        </div>
      )}
      {photo?.scene !== undefined && photo.scene !== null && <p className={styles.scene}>Asked for: {photo.scene}</p>}
    </>
  );
}

function Decide({ report, onDone }: { report: Schemas['ReportedContent']; onDone: () => void }) {
  const [note, setNote] = useState('');
  const lookAgain = useLookAgain();
  const decide = useCommand(
    (body: Schemas['NewDecision'], header: CommandHeaders) =>
      answer(api.POST('/admin/reports/{report_id}/decision', { params: { path: { report_id: report.id }, header }, body })),
    {
      onSuccess: () => {
        lookAgain();
        onDone();
      },
    },
  );
  const errors = fieldErrors(decide.error);
  const say = note.trim();
  return (
    <section aria-labelledby="decide" className={styles.decide}>
      <h3 id="decide">Your decision</h3>
      <TextArea
        label="A note"
        hint="For other operators; the person does not see it. You may leave it out."
        value={note}
        maxLength={2000}
        onChange={(event) => setNote(event.target.value)}
        error={errors.note}
      />
      <ul className={styles.choices}>
        {decisionsOn(report.subject).map((decision) => (
          <li key={decision}>
            <Button
              look={decision === 'content-removed' ? 'danger' : 'plain'}
              busy={decide.isPending && decide.variables.decision === decision}
              disabled={decide.isPending && decide.variables.decision !== decision}
              onClick={() => decide.mutate({ decision, ...(say === '' ? {} : { note: say }) })}
            >
              {DECISIONS[decision].act}
            </Button>
            <p>{DECISIONS[decision].follows}</p>
          </li>
        ))}
      </ul>
      {errors.note === undefined && <ErrorNote error={decide.error} />}
    </section>
  );
}

/** A conversation forgets nothing: only a picture can be removed. */
function decisionsOn({ kind }: Schemas['ReportSubject']): Decision[] {
  const decisions = Object.keys(DECISIONS) as Decision[];
  return decisions.filter((decision) => kind === 'photo' || decision !== 'content-removed');
}

function Decided({ report: { decision, decided_at, decided_by, note } }: { report: Schemas['ReportedContent'] }) {
  return (
    <section aria-label="Decision" className={styles.decide}>
      <p>
        {decision === undefined || decision === null ? 'Decided' : `This was ${DECISIONS[decision].done}`}
        {decided_at === undefined || decided_at === null ? '' : ` on ${instant(decided_at)} UTC`}
        {decided_by === undefined || decided_by === null ? '' : `, by ${decided_by}`}.
      </p>
      {note !== undefined && note !== null && <p className={styles.note}>Note: {note}</p>}
    </section>
  );
}
