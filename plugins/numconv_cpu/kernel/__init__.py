"""What the kernels of several algorithms share: padding, packing, epilogues, arguments, costs."""
