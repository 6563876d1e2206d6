// An error whose message already is a sentence for the person: what happened, where, what to do next.

export class UserError extends Error {
  override readonly name = 'UserError';
}
