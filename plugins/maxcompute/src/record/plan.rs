//! Which source column feeds which target column.

use std::cell::RefCell;

use cdc_plugin::batch::BatchView;
use cdc_plugin::types::{Error, TableSchema};

use crate::record::bound::{BoundColumn, BoundPlan};
use crate::record::encoding::Encoding;
use crate::record::wire::{Tag, WireType};
use crate::settings::InvalidValue;
use crate::shape::{TargetColumn, column_type, is_partition, key_names};

/// Longest text or binary value unless a session says otherwise: 8 MiB.
pub(crate) const FIELD_LIMIT: usize = 8 << 20;

/// A compiled table.
#[derive(Clone, Debug)]
pub struct Plan {
    pub(super) columns: Vec<PlanColumn>,
    /// Columns of the target, those that the source does not have included.
    pub(super) width: u32,
    limit: usize,
    invalid: InvalidValue,
}

#[derive(Clone, Debug)]
pub(super) struct PlanColumn {
    /// Name in the source.
    pub(super) name: String,
    /// Position in the target, counted from 1.
    pub(super) number: u32,
    /// Position of its first type node in a batch.
    node: usize,
    encoding: Encoding,
    /// Whether the target takes null.
    nullable: bool,
    key: bool,
}

/// What an upsert record does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Insert, or replace what has the same key.
    Upsert,
    /// Remove what has the same key.
    Delete,
}

impl Plan {
    /// Match a source's columns with a target's, by name without case. Target columns that the source lacks stay null;
    /// partition columns are no part of a record.
    ///
    /// # Errors
    /// A source column is missing in the target or has another type there, or the target wants a value that the source
    /// does not have; blame is `config`.
    pub fn new(schema: &TableSchema, target: &[TargetColumn], limit: Option<usize>) -> Result<Self, Error> {
        let refuse = |reason: String| {
            Error::config(
                "maxcompute.table",
                format!("rows of {} cannot be written to MaxCompute: {reason}", schema.table),
            )
        };
        let key = key_names(schema).map_err(refuse)?;
        let mut columns = Vec::with_capacity(schema.columns.len());
        let mut node = 0;
        for (index, column) in schema.columns.iter().enumerate() {
            let first = node;
            node += column.nodes.len();
            if is_partition(schema, index) {
                continue;
            }
            let wanted = column_type(column).map_err(refuse)?;
            let name = column.name.to_lowercase();
            let Some(at) = target.iter().position(|found| found.name.to_lowercase() == name) else {
                return Err(refuse(format!("the target has no column `{}`", column.name)));
            };
            if target[at].r#type != wanted {
                let found = &target[at].r#type;
                return Err(refuse(format!("column `{}` is {found} there, not {wanted}", column.name)));
            }
            let encoding = Encoding::of(&mut column.nodes.as_slice())
                .ok_or_else(|| refuse(format!("the type of column `{}` is incomplete", column.name)))?;
            let key = key.contains(&column.name.as_str());
            columns.push(PlanColumn {
                name: column.name.clone(),
                number: at as u32 + 1,
                node: first,
                encoding,
                nullable: target[at].nullable && !key,
                key,
            });
        }
        columns.sort_by_key(|column| column.number);
        if let Some(pair) = columns.windows(2).find(|pair| pair[0].number == pair[1].number) {
            let names = [&pair[0].name, &pair[1].name];
            return Err(refuse(format!("columns `{}` and `{}` differ only in case", names[0], names[1])));
        }
        for (at, column) in target.iter().enumerate() {
            if !column.nullable && !columns.iter().any(|known| known.number as usize == at + 1) {
                return Err(refuse(format!(
                    "column `{}` is NOT NULL there and the source lacks it",
                    column.name
                )));
            }
        }
        let limit = limit.filter(|limit| *limit > 0).unwrap_or(FIELD_LIMIT);
        Ok(Self { columns, width: target.len() as u32, limit, invalid: InvalidValue::Fail })
    }

    /// With what becomes of a value that cannot be written.
    #[must_use]
    pub fn on_invalid(self, invalid: InvalidValue) -> Self {
        Self { invalid, ..self }
    }

    /// Bind to the slices of a batch of the same schema.
    ///
    /// # Errors
    /// The batch is laid out otherwise: a mistake of whoever made it; blame is `permanent`.
    pub fn bind<'a>(&'a self, view: &BatchView<'a>) -> Result<BoundPlan<'a>, Error> {
        let columns = self.columns.iter().map(|column| {
            let mut nodes = view.columns.get(column.node..)?;
            let wire = column.encoding.wire_type();
            Some(BoundColumn {
                name: &column.name,
                number: column.number,
                tag: Tag::new(column.number, wire),
                cells: column.encoding.bind(&mut nodes, self.limit)?,
                nullable: column.nullable,
                key: column.key,
            })
        });
        let columns = columns.collect::<Option<Vec<_>>>().ok_or_else(|| {
            Error::permanent("maxcompute.batch", "a batch is not laid out as its schema says")
        })?;
        let nulled = (self.invalid == InvalidValue::Null).then(RefCell::default);
        Ok(BoundPlan { columns, meta: Meta::after(self.width), nulled })
    }
}

/// The two of an upsert record's five meta columns that are not null: `__operation`, and `__value_cols`, which is empty
/// for "all columns".
#[derive(Clone, Copy, Debug)]
pub(super) struct Meta {
    pub(super) operation: u32,
    pub(super) operation_tag: Tag,
    pub(super) value_columns: u32,
    pub(super) value_columns_tag: Tag,
}

impl Meta {
    /// They follow `__version` and `__app_version`, with `__key_cols` between them.
    fn after(width: u32) -> Self {
        Self {
            operation: width + 3,
            operation_tag: Tag::new(width + 3, WireType::Varint),
            value_columns: width + 5,
            value_columns_tag: Tag::new(width + 5, WireType::LengthDelimited),
        }
    }
}
