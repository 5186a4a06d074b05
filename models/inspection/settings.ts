import { z } from 'zod'
import { augmentation } from './cnn/augmentation.ts'
import { backboneConfig } from './embedding/backbone.ts'

/** Methods by what they learn from. */
export const classMethods = ['transfer', 'classifier', 'textures'] as const
export const goodMethods = ['patches', 'embedding', 'segmentation'] as const
export type Method = (typeof classMethods)[number] | (typeof goodMethods)[number]

/** Settings of an image model that is trained on the device. */
export const learnedImageConfig = z.strictObject({
  type: z.literal('learned').describe('Learns from labelled images, or from good ones only.'),
  methods: z
    .array(z.enum([...classMethods, ...goodMethods]))
    .min(1)
    .default([...classMethods, 'patches', 'embedding'])
    .describe(
      'What may be chosen, by held-out images: transfer (a linear classifier over a network that has seen photographs: from five images of each class on), classifier (a convolutional network of its own) and textures (trees on descriptors) where there are classes; patches (Gaussians over filters, seconds), embedding (Gaussians over layers of a network that has seen photographs, a minute) and segmentation (a network that learns made-up defects, minutes) where there are good images only, of which several are combined.',
    ),
  backbone: backboneConfig
    .optional()
    .describe('A network of your own for `embedding` and `transfer`. Absent: the one that comes along.'),
  size: z
    .int()
    .min(32)
    .max(512)
    .multipleOf(32)
    .optional()
    .describe(
      'Width and height of what networks see. Default: 64 for the classifier; 64, 128 or 256 for embedding and transfer, by the size of the images; 128 for the others.',
    ),
  epochs: z.int().min(1).max(1000).default(30).describe('How often the classifier sees each image.'),
  places: z
    .boolean()
    .default(false)
    .describe(
      'Whether the classifier tells places in the image apart: for classes that differ by where something is, as marks, symbols and assembled parts do. Off for surfaces, whose classes look alike anywhere.',
    ),
  shown: z.int().min(64).default(8000).describe('Images shown to the segmentation network in all.'),
  false_rejects: z
    .number()
    .gt(0)
    .lt(0.5)
    .default(0.05)
    .describe('Share of good parts that may be judged defective; sets the threshold by held-out good images.'),
  held_out: z
    .number()
    .min(0.1)
    .max(0.5)
    .default(0.2)
    .describe('Share of the images, the last of each class, that judges and calibrates.'),
  balance: z
    .number()
    .min(0)
    .max(1)
    .default(0.5)
    .describe('Classes with few images: 0 counts every image alike, 1 every class.'),
  augmentation: augmentation.prefault({}).describe('How training images are varied.'),
  seed: z.int().default(1).describe('Of everything that is drawn by chance.'),
})

export type LearnedImageSettings = z.output<typeof learnedImageConfig>

/** Settings of a network of the user's own. */
export const ownImageConfig = z.strictObject({
  type: z.literal('onnx').describe('Judges by an ONNX network of your own.'),
  file: z.string().min(1).describe('Path of the .onnx file, with its manifest.json beside it.'),
})

export type OwnImageSettings = z.output<typeof ownImageConfig>

/** The model of a station. */
export const imageModelConfig = z.union([
  z.literal('learned').transform(() => learnedImageConfig.parse({ type: 'learned' })),
  z.discriminatedUnion('type', [learnedImageConfig, ownImageConfig]),
])

export type ImageModelSettings = z.output<typeof imageModelConfig>
