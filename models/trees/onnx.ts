import type { Ensemble } from './ensemble.ts'
import type { Tree } from './tree.ts'

/** Attributes of a node `TreeEnsembleRegressor` of the domain ai.onnx.ml, operator set 3. */
export interface TreeAttributes {
  readonly numbers: Readonly<Record<string, number>>
  readonly texts: Readonly<Record<string, string>>
  /** Lists of integers. */
  readonly integers: Readonly<Record<string, readonly number[]>>
  readonly floats: Readonly<Record<string, readonly number[]>>
  readonly strings: Readonly<Record<string, readonly string[]>>
}

/**
 * Trees as the attributes of a TreeEnsembleRegressor, whose output [rows, outputs] are the margins. Thresholds and
 * answers are the very float32 numbers of the trees, and missing values go the way they were trained to go.
 */
export function treeAttributes({ trees, outputs, base }: Ensemble): TreeAttributes {
  const nodes: number[][] = [[], [], [], [], [], []]
  const [treeIds, nodeIds, features, trueIds, falseIds, missing] = nodes
  const thresholds: number[] = []
  const modes: string[] = []
  const leaves: number[][] = [[], [], []]
  const [leafTrees, leafNodes, leafOutputs] = leaves
  const answers: number[] = []
  // The runtime gives the base only to outputs that some tree adds to.
  const bare = Array.from(base.keys()).filter((output) => trees.every((tree) => tree.output !== output))
  const written = [...trees, ...bare.map(nothing)]
  written.forEach((tree, id) => {
    tree.feature.forEach((column, node) => {
      const leaf = column < 0
      treeIds.push(id)
      nodeIds.push(node)
      features.push(leaf ? 0 : column)
      trueIds.push(tree.left[node])
      falseIds.push(tree.right[node])
      missing.push(tree.missingLeft[node])
      thresholds.push(tree.threshold[node])
      modes.push(leaf ? 'LEAF' : 'BRANCH_LEQ')
      if (!leaf) return
      leafTrees.push(id)
      leafNodes.push(node)
      leafOutputs.push(tree.output)
      answers.push(tree.value[node])
    })
  })
  return {
    numbers: { n_targets: outputs },
    texts: { aggregate_function: 'SUM', post_transform: 'NONE' },
    integers: {
      nodes_treeids: treeIds,
      nodes_nodeids: nodeIds,
      nodes_featureids: features,
      nodes_truenodeids: trueIds,
      nodes_falsenodeids: falseIds,
      nodes_missing_value_tracks_true: missing,
      target_treeids: leafTrees,
      target_nodeids: leafNodes,
      target_ids: leafOutputs,
    },
    floats: { nodes_values: thresholds, target_weights: answers, base_values: Array.from(base) },
    strings: { nodes_modes: modes },
  }
}

/** A leaf that adds nothing. */
function nothing(output: number): Tree {
  return {
    output,
    feature: Int32Array.of(-1),
    threshold: Float32Array.of(0),
    left: Int32Array.of(0),
    right: Int32Array.of(0),
    missingLeft: Uint8Array.of(0),
    value: Float32Array.of(0),
  }
}
