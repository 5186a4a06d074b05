import { readdirSync } from 'node:fs'

/**
 * `npm run bench -- NAME [--key value ...]`: one benchmark; without a name, all of them. Each prints ratios that were
 * measured in one run, so that they mean something on another machine.
 */
const names = readdirSync(import.meta.dirname)
  .filter((file) => file.endsWith('.ts') && file !== 'main.ts')
  .map((file) => file.slice(0, -3))

const [, , wanted = '', ...rest] = process.argv
if (wanted !== '' && !names.includes(wanted)) {
  console.error(`No benchmark ${wanted}; there are: ${names.join(', ')}.`)
  process.exit(2)
}
for (const name of wanted === '' ? names : [wanted]) {
  console.log(`\n## ${name}\n`)
  const { run } = (await import(`./${name}.ts`)) as { run(args: Record<string, string>): Promise<void> }
  await run(options(rest))
}

/** `--data DIR --seconds 5` -> `{ data: 'DIR', seconds: '5' }` */
function options(words: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    words.flatMap((word, index) => (word.startsWith('--') ? [[word.slice(2), words[index + 1] ?? '']] : [])),
  )
}
