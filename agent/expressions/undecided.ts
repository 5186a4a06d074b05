/** Why an expression has no value now: something that it reads is not known, is old or is no number. */
export class Undecided extends Error {}
