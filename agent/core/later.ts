/** What is made when it is first asked for, such as a package that most runs never need. */
export function later<Made extends object>(make: () => Made): () => Made {
  let made: Made | undefined
  return () => (made ??= make())
}
