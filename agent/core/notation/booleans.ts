const pairs = [
  'true false', 'yes no', 'on off', 'y n', 't f', 'ja nein', 'wahr falsch', 'ein aus', 'an aus', 'oui non', 'vrai faux',
  'si no', 'sí no', 'verdadero falso', 'vero falso', 'sim não', 'sim nao', 'tak nie', 'ano ne', '是 否', '开 关',
] as const // prettier-ignore

const words = new Map<string, 0 | 1>()
for (const pair of pairs) pair.split(' ').forEach((word, at) => words.set(word, at === 0 ? 1 : 0))

/** What a word for yes or no means, in any case; undefined for any other. `0` and `1` are numbers. */
export function booleanOfWord(text: string): 0 | 1 | undefined {
  return text.length <= 9 ? words.get(text.toLowerCase()) : undefined
}
