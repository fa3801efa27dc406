"""A series as inline SVG: fixed height, fluid width, no style attribute and no script."""
