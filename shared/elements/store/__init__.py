"""What element services keep of products and of other services' clients."""
