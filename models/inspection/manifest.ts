import { z } from 'zod'
import type { StoredBundle } from '../onnx/manifest.ts'
import { region } from './decode.ts'

const numbers = z.array(z.number())

/** What a network is fed with, and how it is made of an image file. */
export const imageInput = z.strictObject({
  name: z.string().default('image').describe('Name of the input of the graph.'),
  layout: z.enum(['nchw', 'nhwc']).default('nchw').describe('Order of batch, channels, height and width.'),
  colour: z.enum(['grey', 'rgb', 'bgr']).default('rgb').describe('Channels, in order.'),
  width: z.int().min(8).max(4096).describe('Width that images are stretched to.'),
  height: z.int().min(8).max(4096).describe('Height that images are stretched to.'),
  range: z.number().positive().default(1).describe('What white is before mean and std: 1 or 255.'),
  mean: numbers.optional().describe('Subtracted per channel.'),
  std: z.array(z.number().positive()).optional().describe('Divided by, per channel.'),
  region: region.optional().describe('The part of the image that is used.'),
})

export type ImageInput = z.output<typeof imageInput>

/** How the outputs of a network are read. */
export const imageOutput = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('classes').describe('One number per class.'),
    name: z.string().optional().describe('Name of the output, [batch, classes]. Default: the first one.'),
    softmax: z.boolean().default(true).describe('The numbers are logits; false where they are probabilities already.'),
    classes: z.array(z.string()).min(2).describe('Names of the classes, in order.'),
  }),
  z.strictObject({
    type: z.literal('score').describe('How far the image is from good ones.'),
    name: z.string().optional().describe('Name of the output, one number an image. Default: the first one.'),
    map: z.string().optional().describe('Name of the output with the score by place, [batch, rows, columns].'),
    threshold: z.number().describe('Scores above it are defects.'),
  }),
])

export type ImageOutput = z.output<typeof imageOutput>

/** Images with the answers that the model has to give when it is loaded. */
export const goldenImages = z.strictObject({
  tolerance: z.number().positive().default(1e-3).describe('Deviation that is allowed, relative to answers over 1.'),
  images: z
    .array(
      z.strictObject({
        image: z.base64().describe('The file, JPEG, PNG or WebP, in base64.'),
        prepared: z.boolean().default(false).describe('It is already cut to the region.'),
        answers: numbers.describe('Probabilities by class, or the score.'),
      }),
    )
    .default([]),
})

/** What a bundle of an image model says of itself. */
export const imageManifest = z.strictObject({
  format: z.literal(1).describe('Version of this format.'),
  type: z
    .string()
    .describe('Method: classifier, textures, transfer, patches, embedding, segmentation, combination or onnx.'),
  kind: z.literal('inspection').describe('What it concludes: a verdict on a part.'),
  monitor: z.string().describe('The station it was trained for.'),
  version: z.string().describe('Name in the registry; before that the hash of the content.'),
  created: z.number().describe('When it was trained, ms since epoch.'),
  parent: z.string().optional().describe('The version that was active when it was trained.'),
  sha256: z.string().length(64).describe('Hash of model.onnx, hexadecimal.'),
  input: imageInput,
  output: imageOutput,
  training: z.strictObject({
    images: z.int().describe('Images it learned from.'),
    held_out: z.int().describe('Images it was judged and calibrated by.'),
    classes: z.record(z.string(), z.int()).describe('Images by class.'),
  }),
  metrics: z.record(z.string(), z.number()).describe('What the training measured.'),
  confusion: z
    .array(z.array(z.int()))
    .optional()
    .describe('Held-out images by true class (rows) and verdict (columns).'),
  golden: goldenImages,
})

export type ImageManifest = z.output<typeof imageManifest>

/** The model of a station. */
export type ImageBundle = StoredBundle<ImageManifest>

/** Channels of the input. */
export function channelsOf({ colour }: Pick<ImageInput, 'colour'>): 1 | 3 {
  return colour === 'grey' ? 1 : 3
}
