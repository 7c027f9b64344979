mod absent;
mod cast;
#[cfg(test)]
mod tests;

use self::absent::absent;
use self::cast::Cast;
use crate::batch::{Batch, ColumnValues};
use crate::schema::{Column, TableSchema, TypeName};

/// Carries rows of the source's shape over to the sink's, by the names of columns.
///
/// Vectors are moved; a column that the source does not have is null, one that the sink does not have is dropped.
#[derive(Clone, Debug)]
pub(in crate::flow) struct Projection {
    source_version: u32,
    sink_version: u32,
    /// Nodes of all columns of the source.
    nodes: usize,
    /// Where each column of the sink comes from; none where both shapes are one.
    columns: Option<Vec<Origin>>,
}

#[derive(Clone, Debug)]
enum Origin {
    /// Index of the source column's first node, and what becomes of each of its nodes.
    Source { first: usize, casts: Vec<Cast> },
    /// Null in every row.
    Absent(Column),
}

/// Why rows of the source's table do not fit the sink's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Mismatch {
    /// A column's values would be changed.
    #[error(
        "column {column} is {source_type} in the source and {sink_type} in the sink, which does not hold all of its values"
    )]
    Type {
        /// The column.
        column: String,
        /// The source's type.
        source_type: String,
        /// The sink's type.
        sink_type: String,
    },
    /// The sink wants values that nobody has.
    #[error("column {0} is NOT NULL in the sink, and the source does not have it")]
    NotNull(String),
    /// Rows would be told apart differently.
    #[error("the key is ({source_key}) in the source and ({sink_key}) in the sink")]
    Key {
        /// The source's key.
        source_key: String,
        /// The sink's key.
        sink_key: String,
    },
}

impl Projection {
    /// From the source's shape to the sink's.
    ///
    /// # Errors
    /// Some value of the source could not be carried over as it is.
    pub(in crate::flow) fn new(source: &TableSchema, sink: &TableSchema) -> Result<Self, Mismatch> {
        if source.key() != sink.key() {
            let list = |schema: &TableSchema| schema.key().join(", ");
            return Err(Mismatch::Key { source_key: list(source), sink_key: list(sink) });
        }
        let columns = if source.has_shape_of(sink) {
            None
        } else {
            Some(sink.columns.iter().map(|column| origin(source, column)).collect::<Result<_, _>>()?)
        };
        Ok(Self {
            source_version: source.version,
            sink_version: sink.version,
            nodes: source.columns.iter().map(|column| column.nodes.len()).sum(),
            columns,
        })
    }

    /// Carry a batch over.
    ///
    /// # Errors
    /// The batch is not of the source's shape; how.
    pub(in crate::flow) fn apply(&self, mut batch: Batch) -> Result<Batch, String> {
        if batch.schema_version != self.source_version {
            return Err(format!(
                "a batch of schema version {} came under version {}",
                batch.schema_version, self.source_version
            ));
        }
        if batch.columns.len() != self.nodes {
            return Err(format!(
                "a batch has {} columns and nested parts of such, its schema has {}",
                batch.columns.len(),
                self.nodes
            ));
        }
        batch.schema_version = self.sink_version;
        let Some(origins) = &self.columns else { return Ok(batch) };
        let mut source: Vec<Option<ColumnValues>> = batch.columns.into_iter().map(Some).collect();
        let mut columns = Vec::with_capacity(self.nodes);
        for origin in origins {
            match origin {
                Origin::Absent(column) => absent(&column.nodes, batch.rows, &mut columns),
                Origin::Source { first, casts } => {
                    for (slot, cast) in source[*first..].iter_mut().zip(casts) {
                        let values = slot.take().ok_or("a batch has two columns of one name")?;
                        columns.push(cast.values(values)?);
                    }
                }
            }
        }
        Ok(Batch { columns, ..batch })
    }
}

fn origin(source: &TableSchema, column: &Column) -> Result<Origin, Mismatch> {
    let Some(index) = source.columns.iter().position(|theirs| theirs.name == column.name) else {
        return if column.is_nullable() {
            Ok(Origin::Absent(column.clone()))
        } else {
            Err(Mismatch::NotNull(column.name.clone()))
        };
    };
    let nodes = &source.columns[index].nodes;
    let casts = Cast::of_all(nodes, &column.nodes).ok_or_else(|| Mismatch::Type {
        column: column.name.clone(),
        source_type: TypeName(nodes).to_string(),
        sink_type: TypeName(&column.nodes).to_string(),
    })?;
    Ok(Origin::Source { first: source.columns[..index].iter().map(|before| before.nodes.len()).sum(), casts })
}
