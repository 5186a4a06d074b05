"""
Makes `mobilenet-v2.onnx` from the detector of MediaPipe Objectron (npm: @mediapipe/objectron, Apache-2.0), and checks it
against the original, layer by layer:

    npm pack @mediapipe/objectron@0.4.1675468480 && tar xzf mediapipe-objectron-*.tgz
    pip install tflite==2.18.0 onnx==1.22.0 onnxruntime==1.23.2 ai-edge-litert==2.1.0 numpy
    python convert.py package/objectron_solution_packed_assets.data mobilenet-v2.onnx

Only the convolutions up to stride 16 are taken. Weights stay float16, as they come, and are made float32 when the model is
loaded: the outputs are those of the original, to rounding of sums.
"""
import hashlib
import sys

import numpy as np
import onnx
import onnxruntime
import tflite
from ai_edge_litert.interpreter import Interpreter
from onnx import TensorProto, helper, numpy_helper

START, END = 184, 9987912
ORIGINAL = 'd0a5255bf8c4f5a0bc4240741a76c41d5e939f7655078f945f50ab53a9375da6'
BLOCK = 'FeatureExtractor/MobilenetV2/expanded_conv_%d/add'
# Output name -> block whose sum it is: stride 4 (24 channels), 8 (32), 16 (64) and 16 (96).
OUTPUTS = {'stride4': BLOCK % 2, 'stride8': BLOCK % 5, 'stride16': BLOCK % 9, 'stride16_late': BLOCK % 12}


def main(source: str, target: str) -> None:
    original = open(source, 'rb').read()[START:END]
    assert hashlib.sha256(original).hexdigest() == ORIGINAL, 'another version of the original'
    graph = tflite.Model.GetRootAsModel(original, 0)
    model = convert(graph)
    onnx.checker.check_model(model)
    onnx.save(model, target)
    check(original, target)
    print(target, hashlib.sha256(open(target, 'rb').read()).hexdigest(), len(open(target, 'rb').read()), 'bytes')


def convert(model: tflite.Model) -> onnx.ModelProto:
    graph = model.Subgraphs(0)
    kinds = {value: name for name, value in vars(tflite.BuiltinOperator).items() if isinstance(value, int)}
    names, halves, nodes, constants = {graph.Inputs(0): 'image'}, {}, [], []

    def constant(tensor: int, values: np.ndarray) -> str:
        name = f'w{tensor}'
        constants.append(numpy_helper.from_array(np.ascontiguousarray(values), f'{name}_half'))
        nodes.append(helper.make_node('Cast', [f'{name}_half'], [name], to=TensorProto.FLOAT))
        return name

    for index in range(graph.OperatorsLength()):
        operator = graph.Operators(index)
        code = model.OperatorCodes(operator.OpcodeIndex())
        kind = kinds[max(code.BuiltinCode(), code.DeprecatedBuiltinCode())]
        inputs, output = operator.InputsAsNumpy(), operator.Outputs(0)
        if kind == 'DEQUANTIZE':
            tensor = graph.Tensors(inputs[0])
            halves[output] = model.Buffers(tensor.Buffer()).DataAsNumpy().view(np.float16).reshape(tensor.ShapeAsNumpy())
            continue
        name = graph.Tensors(output).Name().decode()
        names[output] = next((key for key, block in OUTPUTS.items() if block == name), f't{output}')
        if kind == 'ADD':
            nodes.append(helper.make_node('Add', [names[i] for i in inputs], [names[output]]))
        else:
            convolve(operator, kind, inputs, halves, names, nodes, constant, output)
        if names[output] == 'stride16_late':
            break
    values = {key: ['batch', channels, f'height{key[6:]}', f'width{key[6:]}'] for key, channels in zip(OUTPUTS, (24, 32, 64, 96))}
    made = helper.make_graph(
        nodes,
        'MobileNetV2, strides 4 to 16',
        [helper.make_tensor_value_info('image', TensorProto.FLOAT, ['batch', 3, 'height', 'width'])],
        [helper.make_tensor_value_info(key, TensorProto.FLOAT, shape) for key, shape in values.items()],
        constants,
    )
    made = helper.make_model(made, opset_imports=[helper.make_opsetid('', 15)], ir_version=8, producer_name='millwright')
    helper.set_model_props(made, {'origin': 'MediaPipe Objectron, object_detection_ssd_mobilenetv2_oidv4_fp16.tflite', 'licence': 'Apache-2.0'})
    return made


def convolve(operator, kind, inputs, halves, names, nodes, constant, output) -> None:
    options = (tflite.Conv2DOptions if kind == 'CONV_2D' else tflite.DepthwiseConv2DOptions)()
    options.Init(operator.BuiltinOptions().Bytes, operator.BuiltinOptions().Pos)
    assert options.Padding() == tflite.Padding.SAME and options.DilationHFactor() == 1
    # Of a convolution out, height, width, in; of a depthwise one 1, height, width, channels.
    weights = halves[inputs[1]]
    order = (0, 3, 1, 2) if kind == 'CONV_2D' else (3, 0, 1, 2)
    parts = [names[inputs[0]], constant(inputs[1], weights.transpose(order)), constant(inputs[2], halves[inputs[2]])]
    bounded = options.FusedActivationFunction() == tflite.ActivationFunctionType.RELU6
    result = f'c{output}' if bounded else names[output]
    nodes.append(
        helper.make_node(
            'Conv', parts, [result], auto_pad='SAME_UPPER',
            strides=[options.StrideH(), options.StrideW()],
            group=1 if kind == 'CONV_2D' else weights.shape[3],
        )
    )
    if bounded:
        if not any(c == 'zero' for c in (n.output[0] for n in nodes)):
            for name, value in (('zero', 0.0), ('six', 6.0)):
                nodes.insert(0, helper.make_node('Constant', [], [name], value=helper.make_tensor(name, TensorProto.FLOAT, [], [value])))
        nodes.append(helper.make_node('Clip', [result, 'zero', 'six'], [names[output]]))
    else:
        assert options.FusedActivationFunction() == tflite.ActivationFunctionType.NONE


def check(original: bytes, target: str) -> None:
    interpreter = Interpreter(model_content=original, experimental_preserve_all_tensors=True)
    interpreter.allocate_tensors()
    image = np.random.default_rng(1).uniform(-1, 1, (1, 300, 300, 3)).astype(np.float32)
    interpreter.set_tensor(interpreter.get_input_details()[0]['index'], image)
    interpreter.invoke()
    session = onnxruntime.InferenceSession(target)
    found = session.run(list(OUTPUTS), {'image': image.transpose(0, 3, 1, 2)})
    by_name = {detail['name']: detail['index'] for detail in interpreter.get_tensor_details()}
    for (key, block), values in zip(OUTPUTS.items(), found):
        expected = interpreter.get_tensor(by_name[block]).transpose(0, 3, 1, 2)
        difference = np.abs(values - expected).max() / np.abs(expected).max()
        print(f'{key}: {values.shape[1:]}, differs from the original by {difference:.1e} of the largest value at most')
        assert difference < 1e-4


main(*sys.argv[1:])
