import type { components } from './schema';

export type Problem = components['schemas']['Problem'];
export type ProblemCode = components['schemas']['ProblemCode'];

/** What the client itself may have to say: nobody answered, or not in words that it knows. */
export type ClientCode = 'unreachable' | 'unexpected-answer';

/** A request that was not carried out. `code` says why; `message` is for people. */
export class RequestFailed extends Error {
  readonly code: ProblemCode | ClientCode;
  /** The HTTP status; 0 when nobody answered. */
  readonly status: number;
  readonly title: string;
  readonly requestId: string | undefined;
  readonly problem: Problem | undefined;
  /** After how many seconds it may be tried again. */
  readonly retryAfter: number | undefined;

  constructor(about: {
    code: ProblemCode | ClientCode;
    status: number;
    title: string;
    detail: string;
    requestId?: string | undefined;
    problem?: Problem;
    retryAfter?: number | undefined;
  }) {
    super(about.detail);
    this.name = 'RequestFailed';
    this.code = about.code;
    this.status = about.status;
    this.title = about.title;
    this.requestId = about.requestId;
    this.problem = about.problem;
    this.retryAfter = about.retryAfter;
  }

  /** Nobody answered. */
  static unreachable(cause: unknown): RequestFailed {
    const failed = new RequestFailed({
      code: 'unreachable',
      status: 0,
      title: 'Ava cannot be reached',
      detail: 'Check your connection. Nothing that you wrote is lost.',
    });
    failed.cause = cause;
    return failed;
  }

  /** From an answer that is a 4xx or 5xx, and its body. */
  static of(response: Response, body: unknown): RequestFailed {
    const retryAfter = seconds(response.headers.get('retry-after'));
    if (isProblem(body)) {
      return new RequestFailed({
        code: body.code,
        status: body.status,
        title: body.title,
        detail: body.detail,
        requestId: body.request_id,
        problem: body,
        retryAfter,
      });
    }
    return new RequestFailed({
      code: 'unexpected-answer',
      status: response.status,
      title: 'Something went wrong on our side',
      detail: 'Please try again in a moment.',
      requestId: response.headers.get('x-request-id') ?? undefined,
      retryAfter,
    });
  }

  /** Whether it is unknown, or open, whether the request took effect: the same intent may be sent again. */
  get isUncertain(): boolean {
    return this.status === 0 || this.status >= 500 || this.status === 429 || this.code === 'idempotency-key-in-use';
  }
}

/** What the server says about each field: the field's name, as `age` of the pointer `/age`, and all there is to say. */
export function fieldErrors(error: unknown): Record<string, string> {
  const errors: Record<string, string> = {};
  if (!(error instanceof RequestFailed)) return errors;
  for (const { pointer, detail } of error.problem?.errors ?? []) {
    const field = pointer?.split('/')[1]?.replaceAll('~1', '/').replaceAll('~0', '~');
    if (field === undefined || field === '') continue;
    const sentence = asSentence(detail);
    errors[field] = field in errors ? `${errors[field] ?? ''} ${sentence}` : sentence;
  }
  return errors;
}

/** `must be a whole number` → `It must be a whole number.` */
function asSentence(detail: string): string {
  const full = /^(must|may|can|is|has|needs|should)\b/.test(detail) ? `It ${detail}` : detail;
  const begun = full.charAt(0).toUpperCase() + full.slice(1);
  return /[.!?]$/.test(begun) ? begun : `${begun}.`;
}

function isProblem(body: unknown): body is Problem {
  return (
    typeof body === 'object' && body !== null && 'code' in body && 'title' in body && 'detail' in body && 'status' in body
  );
}

function seconds(header: string | null): number | undefined {
  const number = Number(header);
  return header !== null && Number.isFinite(number) ? number : undefined;
}
