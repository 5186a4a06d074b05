import { Argument, Command } from 'commander'

const shells = ['bash', 'zsh', 'fish'] as const
type Shell = (typeof shells)[number]

/** `millwright completion`: a completion script, printed from the commands themselves. */
export function completion(): Command {
  return new Command('completion')
    .addArgument(new Argument('<shell>', 'which shell').choices([...shells]))
    .addHelpText(
      'after',
      `
Example:
  $ source <(millwright completion bash)
  $ millwright completion zsh > "\${fpath[1]}/_millwright"
  $ millwright completion fish > ~/.config/fish/completions/millwright.fish`,
    )
    .action((shell: Shell, _, command: Command) => console.log(completionScript(command.parent!, shell)))
}

/** A place in the tree of commands: the words that lead there, and what may follow. */
interface Node {
  readonly path: string
  readonly words: readonly Word[]
  /** Options that take a value, which is a file as a rule. */
  readonly valued: readonly string[]
}

interface Word {
  readonly word: string
  readonly description: string
}

/** The script that completes the commands of `program`. */
export function completionScript(program: Command, shell: Shell): string {
  const nodes = nodesOf(program, '')
  return { bash, zsh, fish }[shell](program.name(), nodes)
}

function nodesOf(command: Command, path: string): Node[] {
  const help = command.createHelp()
  const commands = help
    .visibleCommands(command)
    .map((inner) => ({ word: inner.name(), description: inner.description() }))
  const choices = command.registeredArguments.flatMap(({ argChoices = [], description }) =>
    argChoices.map((word) => ({ word, description })),
  )
  const options = help.visibleOptions(command)
  const words = options.flatMap(({ short, long, description }) =>
    [long, short].flatMap((word) => (word === undefined ? [] : [{ word, description }])),
  )
  const valued = options.flatMap(({ required, short, long }) =>
    required ? [long, short].flatMap((word) => word ?? []) : [],
  )
  const inner = command.commands.flatMap((child) => nodesOf(child, `${path}/${child.name()}`))
  return [{ path, words: [...commands, ...choices, ...words], valued }, ...inner]
}

/** The words so far that are commands make the path; options and their values are stepped over. */
function walk(nodes: readonly Node[]): string {
  const paths = nodes.map(({ path }) => path || '/').join(' ')
  const valued = [...new Set(nodes.flatMap((node) => node.valued))].join('|')
  return `  local place="" word skip=""
  for word in "\${before[@]}"; do
    if [[ -n $skip ]]; then skip=""; continue; fi
    case "$word" in
      ${valued}) skip=1; continue ;;
      -*) continue ;;
    esac
    case " ${paths} " in *" $place/$word "*) place="$place/$word" ;; esac
  done`
}

function bash(name: string, nodes: readonly Node[]): string {
  const cases = nodes.map(({ path, words }) => `    "${path}") words="${words.map(({ word }) => word).join(' ')}" ;;`)
  const valued = [...new Set(nodes.flatMap((node) => node.valued))].join('|')
  return `# bash completion of ${name}; printed by: ${name} completion bash
_${name}() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}" words=""
  local before=("\${COMP_WORDS[@]:1:COMP_CWORD-1}")
${walk(nodes)}
  case "$previous" in ${valued}) COMPREPLY=($(compgen -f -- "$current")); return ;; esac
  case "$place" in
${cases.join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
  [[ \${#COMPREPLY[@]} -gt 0 || $current == -* ]] || COMPREPLY=($(compgen -f -- "$current"))
}
complete -o filenames -F _${name} ${name}`
}

function zsh(name: string, nodes: readonly Node[]): string {
  const entry = ({ word, description }: Word) => quote(`${word}:${description.replaceAll(':', '\\:')}`)
  const cases = nodes.map(({ path, words }) => `    "${path}") choices=(${words.map(entry).join(' ')}) ;;`)
  const valued = [...new Set(nodes.flatMap((node) => node.valued))].join('|')
  return `#compdef ${name}
# zsh completion of ${name}; printed by: ${name} completion zsh
_${name}() {
  local -a before choices
  before=("\${(@)words[2,CURRENT-1]}")
  local previous="\${before[-1]}"
${walk(nodes)}
  case "$previous" in ${valued}) _files; return ;; esac
  case "$place" in
${cases.join('\n')}
  esac
  _describe '${name}' choices || _files
}
if [[ "$funcstack[1]" == "_${name}" ]]; then _${name} "$@"; else compdef _${name} ${name}; fi`
}

function fish(name: string, nodes: readonly Node[]): string {
  const lines = nodes.flatMap(({ path, words, valued }) => {
    const here = `-n ${quote(`__${name}_at '${path}'`)}`
    return words.map(({ word, description }) => {
      const about = `-d ${quote(description)}`
      if (!word.startsWith('-')) return `complete -c ${name} ${here} -a ${word} ${about}`
      const flag = word.startsWith('--') ? `-l ${word.slice(2)}` : `-s ${word.slice(1)}`
      return `complete -c ${name} ${here} ${flag} ${valued.includes(word) ? '-r -F ' : ''}${about}`
    })
  })
  const paths = nodes.map(({ path }) => quote(path)).join(' ')
  const valued = [...new Set(nodes.flatMap((node) => node.valued))].map(quote).join(' ')
  return `# fish completion of ${name}; printed by: ${name} completion fish
function __${name}_at
  set -l place ''
  set -l skip ''
  for word in (commandline -opc)[2..-1]
    if test -n "$skip"
      set skip ''
    else if contains -- $word ${valued}
      set skip 1
    else if contains -- "$place/$word" ${paths}
      set place "$place/$word"
    end
  end
  test "$place" = "$argv[1]"
end
${lines.join('\n')}`
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`
}
