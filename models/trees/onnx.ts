import type { GraphPart } from '../onnx/graph.ts'
import type { Ensemble } from './ensemble.ts'
import type { Tree } from './tree.ts'

/**
 * The trees as a step of a graph: `input` [batch, columns] float32, `output` [batch, outputs] float32, the margins as
 * `predict` gives them, to the bit. Missing values go the way they were trained to go.
 */
export function treesPart({ trees, outputs, base }: Ensemble, input: string, output: string): GraphPart {
  // The runtime gives the base only to outputs that some tree adds to.
  const bare = Array.from(base.keys()).filter((target) => trees.every((tree) => tree.output !== target))
  const table = nodesOf([...trees, ...bare.map(nothing)])
  const attributes = {
    n_targets: outputs,
    aggregate_function: 'SUM',
    post_transform: 'NONE',
    base_values: { floats: base },
    ...table,
  }
  const step = { operator: 'TreeEnsembleRegressor', domain: 'ai.onnx.ml' as const, inputs: [input], outputs: [output] }
  return { steps: [{ ...step, attributes }], constants: [] }
}

function nodesOf(trees: readonly Tree[]) {
  const each = <T>(of: (tree: Tree, node: number, id: number) => T): T[] =>
    trees.flatMap((tree, id) => Array.from(tree.feature, (_, node) => of(tree, node, id)))
  const leaves = each((tree, node, id) => ({ tree, node, id })).filter(({ tree, node }) => tree.feature[node] < 0)
  const ints = (values: number[]) => ({ ints: values })
  return {
    nodes_treeids: ints(each((_, __, id) => id)),
    nodes_nodeids: ints(each((_, node) => node)),
    nodes_featureids: ints(each(({ feature }, node) => Math.max(0, feature[node]))),
    nodes_modes: { texts: each(({ feature }, node) => (feature[node] < 0 ? 'LEAF' : 'BRANCH_LEQ')) },
    nodes_values: { floats: each(({ threshold }, node) => threshold[node]) },
    nodes_truenodeids: ints(each(({ left }, node) => left[node])),
    nodes_falsenodeids: ints(each(({ right }, node) => right[node])),
    nodes_missing_value_tracks_true: ints(each(({ missingLeft }, node) => missingLeft[node])),
    target_treeids: ints(leaves.map(({ id }) => id)),
    target_nodeids: ints(leaves.map(({ node }) => node)),
    target_ids: ints(leaves.map(({ tree }) => tree.output)),
    target_weights: { floats: leaves.map(({ tree, node }) => tree.value[node]) },
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
