"""A generator leaves its run: ONNX, torch.export, safetensors, a model card, the Hugging Face hub; and comes back."""
