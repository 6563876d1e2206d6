// Messages as onnxruntime-node 1.30 throws them, copied from real failures.

import assert from 'node:assert/strict';
import { createError, runError } from '../../src/runtime/ortErrors';

describe('messages of onnxruntime', () => {
  it('become outOfMemory with the node, not a crash report', () => {
    const error = runError(new Error("Non-zero status code returned while running Conv node. Name:'Relu_6_nchwc' Status Message: std::bad_alloc"), 'm.onnx');
    assert.equal(error.code, 'outOfMemory');
    assert.equal(error.node, 'Relu_6_nchwc');
    assert.equal(error.message, 'The background process ran out of memory while running the model. Use a smaller batch or fewer samples.');
  });

  it('name the node, and leave out source files and C++', () => {
    const error = runError(new Error("Non-zero status code returned while running Reshape node. Name:'bad reshape' Status Message: /onnxruntime_src/onnxruntime/core/providers/cpu/tensor/reshape_helper.h:91 onnxruntime::ReshapeHelper::ReshapeHelper(const onnxruntime::TensorShape&, onnxruntime::TensorShapeVector&, bool) input_shape_size == requested_shape_size was false. The input tensor cannot be reshaped to the requested shape. Input shape:{2,3}, requested shape:{7}\n"), 'm.onnx');
    assert.equal(error.message, 'Running the model failed at bad reshape (Reshape): input_shape_size == requested_shape_size was false. The input tensor cannot be reshaped to the requested shape. Input shape:{2,3}, requested shape:{7}');
  });

  it('tell a model that is refused from a provider that is not there', () => {
    const rejected = createError(new Error('Load model from /x/foo.onnx failed:This is an invalid model. In Node, ("foo", Foo, "", -1) : ("x": tensor(float),) -> ("y": tensor(float),) , Error No Op registered for Foo with domain_version of 17'), 'foo.onnx', 'cuda');
    assert.deepEqual([rejected.code, rejected.node, rejected.params['file']], ['modelRejected', 'foo', 'foo.onnx']);
    assert.equal(createError(new Error("Could not find an implementation for Conv(22) node with name 'cf'"), 'm.onnx', 'cpu').node, 'cf');
    const missing = createError(new Error('OrtSessionOptionsAppendExecutionProvider_Cuda: Failed to load shared library'), 'm.onnx', 'cuda');
    assert.deepEqual([missing.code, missing.params['provider']], ['sessionFailed', 'cuda']);
  });
});
