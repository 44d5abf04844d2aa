"""
Moves weights of the published network between this project and PyTorch, and checks that both compute the same.

    python3 state_dict_torch.py write FILE.safetensors [--seed 0]     a new network's state dict, with running statistics of random images
    python3 state_dict_torch.py logits FILE.safetensors               logits for the images of `--images`, by batch or running statistics

The module below declares what the code of Zhang et al. declares, under the same names; PyTorch and NumPy are needed.
`medetection fine-tune --init FILE.safetensors` reads such a file, `medetection weights export RUN FILE.safetensors` writes one.
"""
import argparse
import json

import torch
import torch.nn as nn
import torch.nn.functional as F
from tensor_file import read_tensors, write_tensors


class CoordinateAttention(nn.Module):
    def __init__(self, channels=32, middle=8):
        super().__init__()
        self.conv1 = nn.Conv2d(channels, middle, 1)
        self.bn1 = nn.BatchNorm2d(middle)
        self.conv_h = nn.Conv2d(middle, channels, 1)
        self.conv_w = nn.Conv2d(middle, channels, 1)

    def forward(self, x):
        height, width = x.shape[2:]
        rows, columns = x.mean(3, keepdim=True), x.mean(2, keepdim=True).permute(0, 1, 3, 2)
        y = F.hardswish(self.bn1(self.conv1(torch.cat([rows, columns], 2))))
        rows, columns = y.split([height, width], 2)
        return x * self.conv_w(columns.permute(0, 1, 3, 2)).sigmoid() * self.conv_h(rows).sigmoid()


def stage(*channels):
    convolutions = [nn.Conv2d(i, o, 3, padding=0 if k == 0 else 1) for k, (i, o) in enumerate(zip(channels, channels[1:]))]
    return [*convolutions, nn.MaxPool2d(2, padding=1), nn.BatchNorm2d(channels[-1])]


def block(inputs):
    return nn.Sequential(nn.Conv2d(inputs, 32, 3), nn.ReLU(), nn.BatchNorm2d(32), nn.MaxPool2d(2))


class Published(nn.Module):
    def __init__(self):
        super().__init__()
        self.S_net = nn.Sequential(*stage(3, 64, 64), *stage(64, 128, 128), *stage(128, 256, 256, 256))
        self.C_net1, self.C_net2, self.C_net3, self.C_net4 = block(256), block(32), block(32), block(32)
        self.classifier = nn.Sequential(nn.Linear(672, 2))
        self.ca = CoordinateAttention()
        self.adjust = nn.Conv2d(3, 256, 3)  # never run

    def forward(self, image, reference):
        difference = (self.S_net(image) - self.S_net(reference)).abs()
        x = self.ca(self.C_net1(F.interpolate(difference, size=[256, 256], mode='nearest')))
        x = self.C_net4(self.C_net3(self.C_net2(x)))
        cells = []
        for level in (4, 2, 1):
            kernel = -(-x.shape[2] // level)
            cells.append(F.max_pool2d(x, kernel, kernel, (kernel * level - x.shape[2] + 1) // 2).flatten(1))
        return self.classifier(torch.cat(cells, 1))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('command', choices=['write', 'logits'])
    parser.add_argument('file')
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument('--images', help='safetensors with image and reference [N,3,S,S]; the logits are added to it')
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    model = Published()
    if args.command == 'write':
        with torch.no_grad():
            for _ in range(3):
                model(torch.randn(2, 3, 64, 64), torch.randn(2, 3, 64, 64))
        write_tensors(args.file, model.state_dict())
        return
    model.load_state_dict(read_tensors(args.file)[0], strict=True)
    images, _ = read_tensors(args.images)
    result = {}
    with torch.no_grad():
        for name in ('eval', 'train'):
            getattr(model, name)()
            result[name] = model(images['image'], images['reference']).tolist()
    print(json.dumps(result))


if __name__ == '__main__':
    main()
