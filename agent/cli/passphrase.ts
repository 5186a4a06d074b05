import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline/promises'
import { Writable } from 'node:stream'
import { Option } from 'commander'
import { AgentError, describeError } from '../core/index.ts'

/** Not the passphrase itself: every user of the machine can read the words of a command. */
export const passphraseOption = () =>
  new Option('--passphrase-file <file>', 'file with the passphrase; else MILLWRIGHT_PASSPHRASE, else it is asked for')

/** Fewer characters are soon guessed by whoever has the file. */
const fewest = 12

/** A passphrase to encrypt with; asked for twice where nobody has set it. Throws an AgentError where it is too short. */
export async function newPassphrase(file: string | undefined): Promise<string> {
  const given = givenPassphrase(file)
  const passphrase = given ?? (await asked('Passphrase: '))
  if (passphrase.length < fewest)
    throw unusable(
      `the passphrase has fewer than ${fewest} characters`,
      'Take a longer one, such as five random words.',
    )
  if (given === undefined && (await asked('The same again: ')) !== passphrase)
    throw unusable('the two passphrases differ', 'Try again.')
  return passphrase
}

/** The passphrase that something was encrypted with. */
export async function knownPassphrase(file: string | undefined): Promise<string> {
  return givenPassphrase(file) ?? asked('Passphrase: ')
}

function givenPassphrase(file: string | undefined): string | undefined {
  if (file === undefined) return process.env.MILLWRIGHT_PASSPHRASE
  try {
    return readFileSync(file, 'utf8').replace(/\r?\n$/, '')
  } catch (error) {
    throw unusable(`the passphrase cannot be read: ${describeError(error)}`, 'Name its file with --passphrase-file.')
  }
}

/** Asks on the terminal and shows nothing of the answer. */
async function asked(question: string): Promise<string> {
  if (!process.stdin.isTTY)
    throw unusable('there is no passphrase', 'Name its file with --passphrase-file, or set MILLWRIGHT_PASSPHRASE.')
  process.stderr.write(question)
  const nowhere = new Writable({ write: (_, __, done) => done() })
  const reader = createInterface({ input: process.stdin, output: nowhere, terminal: true })
  try {
    return await reader.question('')
  } finally {
    reader.close()
    process.stderr.write('\n')
  }
}

function unusable(message: string, remedy: string): AgentError {
  return new AgentError('BACKUP_BROKEN', message, { remedy })
}
