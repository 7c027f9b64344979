//! Column batches: [`BatchBuilder`] makes them, [`ColumnView`] reads them.
//!
//! The layout is Arrow's (`wit/types.wit`, `column-data`): a validity bitmap with the least significant bit first, fixed
//! widths side by side, variable lengths behind `u32` offsets.

mod builder;
mod view;

pub use builder::{BatchBuilder, ColumnBuilder};
pub use view::{BatchError, BatchView, ColumnView, Values};
