"""Layers of the peers as functions of parameters by name, whose names are the paths of src/medetection's trees."""
import torch, torch.nn.functional as F


class Parameters(dict):
    """Parameters by name, with the initial distributions of src/nn."""

    def conv(self, name, inputs, outputs, kernel=3):
        limit = (inputs * kernel * kernel) ** -0.5
        self[f'{name}.weight'] = torch.empty(outputs, inputs, kernel, kernel).uniform_(-limit, limit)
        self[f'{name}.bias'] = torch.zeros(outputs)

    def norm(self, name, channels):
        self[f'{name}.gamma'] = torch.ones(channels)
        self[f'{name}.beta'] = torch.zeros(channels)

    def linear(self, name, inputs, outputs):
        self[f'{name}.weight'] = torch.empty(outputs, inputs).uniform_(-(inputs**-0.5), inputs**-0.5)
        self[f'{name}.bias'] = torch.zeros(outputs)

    def attention(self, name, channels):
        middle = max(8, channels // 32)
        self.conv(f'{name}.reduce', channels, middle, 1)
        self.norm(f'{name}.norm', middle)
        self.conv(f'{name}.height', middle, channels, 1)
        self.conv(f'{name}.width', middle, channels, 1)

    def block(self, name, inputs, outputs):
        self.conv(f'{name}.conv', inputs, outputs)
        self.norm(f'{name}.norm', outputs)


def conv(p, name, x, padding=0):
    return F.conv2d(x, p[f'{name}.weight'], p[f'{name}.bias'], padding=padding)


def by_batch(p, name, x):
    """Normalises by the statistics of the batch at hand."""
    return F.batch_norm(x, None, None, p[f'{name}.gamma'], p[f'{name}.beta'], training=True)


def linear(p, name, x):
    return F.linear(x.flatten(1), p[f'{name}.weight'], p[f'{name}.bias'])


def block(p, name, x, norm=by_batch, pools=True):
    y = F.relu(norm(p, f'{name}.norm', conv(p, f'{name}.conv', x, 1)))
    return F.max_pool2d(y, 2) if pools else y


def attention(p, name, x, norm=by_batch):
    """Coordinate attention (Hou et al. 2021)."""
    height, width = x.shape[2:]
    rows, columns = x.mean(3, keepdim=True), x.mean(2, keepdim=True).transpose(2, 3)
    mixed = norm(p, f'{name}.norm', conv(p, f'{name}.reduce', torch.cat([rows, columns], 2)))
    rows, columns = F.hardswish(mixed).split([height, width], 2)
    by_row = torch.sigmoid(conv(p, f'{name}.height', rows))
    by_column = torch.sigmoid(conv(p, f'{name}.width', columns.transpose(2, 3)))
    return x * by_row * by_column
