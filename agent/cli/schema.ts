import { Command } from 'commander'
import { jsonSchema } from '../../config/index.ts'
import { schema } from '../settings/index.ts'

/** The JSON Schema of the configuration file. */
export function configurationSchema(): object {
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'Millwright configuration',
    ...jsonSchema(schema),
  }
}

/** `millwright schema`: the JSON Schema of the configuration, for editors. */
export function schemaCommand(): Command {
  return new Command('schema')
    .addHelpText(
      'after',
      '\nExample:\n  $ millwright schema > schema.json\n  # first line of plant.yaml: # yaml-language-server: $schema=schema.json',
    )
    .action(() => console.log(JSON.stringify(configurationSchema(), null, 2)))
}
