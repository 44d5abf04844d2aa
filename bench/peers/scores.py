"""Single-number metrics of scores against labels as src/metrics defines them; defective is positive, from a logit of 0 on."""
import math
import numpy as np


def ratio(a, b):
    return a / b if b else math.nan


def auroc(labels, scores):
    """The share of pairs of a defective and a normal image that are in the right order; ties count half."""
    difference = scores[labels == 1][:, None] - scores[labels == 0][None, :]
    return ratio(float((difference > 0).sum() + 0.5 * (difference == 0).sum()), difference.size)


def summary(labels, scores):
    decided, positive = scores >= 0, labels == 1
    tp, fp, fn, tn = (int((a & b).sum()) for a, b in
                      ((decided, positive), (decided, ~positive), (~decided, positive), (~decided, ~positive)))
    return dict(threshold=0, confusion=dict(truePositive=tp, falsePositive=fp, falseNegative=fn, trueNegative=tn),
                accuracy=ratio(tp + tn, len(labels)), recall=ratio(tp, tp + fn),
                precision=0 if tp + fp == 0 and fn > 0 else ratio(tp, tp + fp), f1=ratio(2 * tp, 2 * tp + fp + fn), auroc=auroc(labels, scores))


def cross_entropy(labels, scores):
    """The mean binary cross-entropy of logits."""
    return float(np.mean(np.maximum(scores, 0) - scores * labels + np.log1p(np.exp(-np.abs(scores)))))
