"""The three networks whose training speed is compared, as a PyTorch user writes them: modules, in-place activations,
scaled_dot_product_attention. Shapes and forms are those of ../shared/assets (resnet20-cifar10, fashion-mobilenetv2-bn,
sst2-transformer); the weights are PyTorch's initial ones, which does not change the speed.
"""
import torch
import torch.nn.functional as F
from torch import nn


class BasicBlock(nn.Module):
    def __init__(self, inner, outer, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inner, outer, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outer)
        self.conv2 = nn.Conv2d(outer, outer, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outer)
        self.stride, self.more = stride, outer - inner

    def forward(self, x):
        y = F.relu(self.bn1(self.conv1(x)), inplace=True)
        y = self.bn2(self.conv2(y))
        if self.stride != 1 or self.more:
            x = F.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, self.more // 2, self.more // 2))
        return F.relu(y + x, inplace=True)


def resnet20():
    layers, width = [nn.Conv2d(3, 16, 3, 1, 1, bias=False), nn.BatchNorm2d(16), nn.ReLU(inplace=True)], 16
    for outer, stride in [(16, 1)] * 3 + [(32, 2), (32, 1), (32, 1), (64, 2), (64, 1), (64, 1)]:
        layers.append(BasicBlock(width, outer, stride))
        width = outer
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10))


def unit(inner, outer, size=1, stride=1, groups=1, active=True):
    layers = [nn.Conv2d(inner, outer, size, stride, size // 2, groups=groups, bias=False), nn.BatchNorm2d(outer)]
    return layers + ([nn.ReLU6(inplace=True)] if active else [])


class InvertedResidual(nn.Module):
    def __init__(self, inner, wide, outer, stride):
        super().__init__()
        expand = unit(inner, wide) if wide != inner else []
        self.body = nn.Sequential(*expand, *unit(wide, wide, 3, stride, wide), *unit(wide, outer, active=False))
        self.shortcut = stride == 1 and inner == outer

    def forward(self, x):
        return x + self.body(x) if self.shortcut else self.body(x)


def mobilenet():
    # (inner, wide, outer, stride)
    blocks = [(24, 24, 16, 1), (16, 64, 24, 2), (24, 96, 24, 1), (24, 96, 32, 2), (32, 128, 32, 1), (32, 128, 32, 1),
              (32, 128, 64, 2), (64, 256, 64, 1), (64, 256, 64, 1), (64, 256, 96, 1), (96, 384, 96, 1)]
    return nn.Sequential(*unit(1, 24, 3), *(InvertedResidual(*block) for block in blocks), *unit(96, 512),
                         nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(512, 10))


class Layer(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.query, self.key, self.value, self.output = (nn.Linear(width, width) for _ in range(4))
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.wide, self.narrow = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)
        self.heads = heads

    def forward(self, x, mask):
        heads = [f(x).unflatten(-1, (self.heads, -1)).transpose(1, 2) for f in (self.query, self.key, self.value)]
        mixed = F.scaled_dot_product_attention(*heads, attn_mask=mask).transpose(1, 2).flatten(2)
        x = self.norm1(x + self.output(mixed))
        return self.norm2(x + self.narrow(F.gelu(self.wide(x))))


class Transformer(nn.Module):
    def __init__(self, words=8600, length=48, width=128, heads=4, layers=4, classes=2):
        super().__init__()
        self.word = nn.Embedding(words, width)
        self.position = nn.Parameter(torch.randn(1, length, width) * 0.02)
        self.norm = nn.LayerNorm(width)
        self.layers = nn.ModuleList(Layer(width, heads) for _ in range(layers))
        self.pooler, self.head = nn.Linear(width, width), nn.Linear(width, classes)

    def forward(self, ids, attention):
        mask = ((1.0 - attention.float()) * -10000.0)[:, None, None, :]
        x = self.norm(self.word(ids) + self.position[:, :ids.shape[1]])
        for layer in self.layers:
            x = layer(x, mask)
        return self.head(torch.tanh(self.pooler(x[:, 0])))
