"""Everything of Thaw that is not a page. The folder says what a file may import: docs/design.md."""
