"""Reads a safetensors file: 8 bytes of header length, a JSON header, and the tensors' bytes."""
import json, math
import numpy as np, torch

DTYPES = dict(F32=np.float32, I32=np.int32, U8=np.uint8)


def read_tensors(path):
    """The tensors by name, and the metadata."""
    with open(path, 'rb') as file:
        header = json.loads(file.read(int.from_bytes(file.read(8), 'little')))
        data = bytearray(file.read())
    metadata = header.pop('__metadata__', {})
    def tensor(dtype, shape, data_offsets):
        values = np.frombuffer(data, DTYPES[dtype], math.prod(shape), data_offsets[0]) if math.prod(shape) else np.empty(0, DTYPES[dtype])
        return torch.from_numpy(values.reshape(shape))
    return {name: tensor(**entry) for name, entry in header.items()}, metadata
