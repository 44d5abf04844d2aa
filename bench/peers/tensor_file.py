"""Safetensors files: 8 bytes of header length, a JSON header, and the tensors' bytes."""
import json, math
import numpy as np, torch

DTYPES = dict(F32=np.float32, I64=np.int64, I32=np.int32, U8=np.uint8)


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


def write_tensors(path, tensors):
    """Writes tensors of these types. The widest numbers come first, so that all are aligned."""
    names = {np.dtype(kind): name for name, kind in DTYPES.items()}
    arrays = {name: t.detach().contiguous().numpy() for name, t in tensors.items()}
    header, blobs, offset = {}, [], 0
    for name, values in sorted(arrays.items(), key=lambda item: -item[1].itemsize):
        blob = values.tobytes()
        header[name] = dict(dtype=names[values.dtype], shape=list(values.shape), data_offsets=[offset, offset + len(blob)])
        blobs.append(blob)
        offset += len(blob)
    text = json.dumps(header).encode()
    text += b' ' * (-len(text) % 8)
    with open(path, 'wb') as file:
        file.write(len(text).to_bytes(8, 'little') + text + b''.join(blobs))
