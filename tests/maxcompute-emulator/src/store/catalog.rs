use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::RwLock;

use super::Table;
use crate::disk::{Disk, DiskError};
use crate::schema::TableDefinition;

/// The schema of tables in a project without the schema model, and the one that always exists with it.
pub(crate) const DEFAULT_SCHEMA: &str = "default";

/// The schemas and tables of the project.
#[derive(Debug)]
pub(crate) struct Catalog {
    project: String,
    schema_model: bool,
    disk: Option<Arc<Disk>>,
    schemas: RwLock<BTreeMap<String, BTreeMap<String, Arc<Table>>>>,
}

/// Why a catalog operation failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CatalogError {
    #[error("Table not found - table {0} cannot be resolved")]
    NoSuchTable(String),
    #[error("Schema not found - schema {0} cannot be resolved")]
    NoSuchSchema(String),
    #[error("table {0} already exists")]
    TableExists(String),
    #[error("schema {0} already exists")]
    SchemaExists(String),
    #[error("schema {0} still has tables; drop them first")]
    SchemaNotEmpty(String),
    #[error("schema {0} cannot be dropped")]
    DefaultSchema(String),
    #[error(
        "project {0} does not have the schema model, so it has no schemas; leave the schema out of the name \
         or start the emulator with --schema-model"
    )]
    NoSchemaModel(String),
    #[error(transparent)]
    Disk(#[from] DiskError),
}

impl Catalog {
    pub(crate) fn new(project: String, schema_model: bool) -> Self {
        let schemas = BTreeMap::from([(DEFAULT_SCHEMA.to_owned(), BTreeMap::new())]);
        Self { project, schema_model, disk: None, schemas: RwLock::new(schemas) }
    }

    /// The catalog of a data directory, which keeps every change from then on.
    pub(crate) fn restore(project: String, schema_model: bool, disk: Arc<Disk>) -> Result<Self, DiskError> {
        let mut schemas = BTreeMap::from([(DEFAULT_SCHEMA.to_owned(), BTreeMap::new())]);
        schemas.extend(disk.schemas()?.into_iter().map(|schema| (schema, BTreeMap::new())));
        for stored in disk.tables()? {
            let (schema, name) = (stored.definition.schema.clone(), stored.definition.name.clone());
            let table = Table::restore(stored, Arc::clone(&disk))
                .map_err(|error| DiskError::Damaged(format!("table {name}: {error}")))?;
            schemas.entry(schema).or_default().insert(name, Arc::new(table));
        }
        Ok(Self { project, schema_model, disk: Some(disk), schemas: RwLock::new(schemas) })
    }

    fn on_disk(&self, change: impl FnOnce(&Disk) -> Result<(), DiskError>) -> Result<(), DiskError> {
        self.disk.as_ref().map_or(Ok(()), |disk| change(disk))
    }

    /// Every table, by schema and name.
    pub(crate) fn tables(&self) -> Vec<Arc<Table>> {
        self.schemas.read().values().flat_map(BTreeMap::values).cloned().collect()
    }

    pub(crate) fn project(&self) -> &str {
        &self.project
    }

    pub(crate) fn schema_model(&self) -> bool {
        self.schema_model
    }

    /// `project.table`, or `project.schema.table` with the schema model.
    pub(crate) fn full_name(&self, schema: &str, table: &str) -> String {
        if self.schema_model {
            format!("{}.{schema}.{table}", self.project)
        } else {
            format!("{}.{table}", self.project)
        }
    }

    fn check_schema_model(&self, schema: &str) -> Result<(), CatalogError> {
        if self.schema_model || schema == DEFAULT_SCHEMA {
            Ok(())
        } else {
            Err(CatalogError::NoSchemaModel(self.project.clone()))
        }
    }

    pub(crate) fn schema_names(&self) -> Vec<String> {
        self.schemas.read().keys().cloned().collect()
    }

    pub(crate) fn has_schema(&self, schema: &str) -> bool {
        self.schemas.read().contains_key(&schema.to_lowercase())
    }

    pub(crate) fn create_schema(&self, schema: &str, if_not_exists: bool) -> Result<(), CatalogError> {
        let schema = schema.to_lowercase();
        self.check_schema_model(&schema)?;
        let mut schemas = self.schemas.write();
        if schemas.contains_key(&schema) {
            return if if_not_exists { Ok(()) } else { Err(CatalogError::SchemaExists(schema)) };
        }
        self.on_disk(|disk| disk.create_schema(&schema))?;
        schemas.insert(schema, BTreeMap::new());
        Ok(())
    }

    pub(crate) fn drop_schema(&self, schema: &str) -> Result<(), CatalogError> {
        let schema = schema.to_lowercase();
        let mut schemas = self.schemas.write();
        let tables = schemas.get(&schema).ok_or_else(|| CatalogError::NoSuchSchema(schema.clone()))?;
        if schema == DEFAULT_SCHEMA {
            return Err(CatalogError::DefaultSchema(schema));
        }
        if !tables.is_empty() {
            return Err(CatalogError::SchemaNotEmpty(schema));
        }
        self.on_disk(|disk| disk.drop_schema(&schema))?;
        schemas.remove(&schema);
        Ok(())
    }

    /// Names of the tables of a schema, in order.
    pub(crate) fn table_names(&self, schema: &str) -> Result<Vec<String>, CatalogError> {
        let schema = schema.to_lowercase();
        self.check_schema_model(&schema)?;
        let schemas = self.schemas.read();
        let tables = schemas.get(&schema).ok_or(CatalogError::NoSuchSchema(schema))?;
        Ok(tables.keys().cloned().collect())
    }

    pub(crate) fn table(&self, schema: &str, table: &str) -> Result<Arc<Table>, CatalogError> {
        let (schema, table) = (schema.to_lowercase(), table.to_lowercase());
        self.check_schema_model(&schema)?;
        let schemas = self.schemas.read();
        let tables = schemas.get(&schema).ok_or_else(|| CatalogError::NoSuchSchema(schema.clone()))?;
        let missing = || CatalogError::NoSuchTable(self.full_name(&schema, &table));
        tables.get(&table).cloned().ok_or_else(missing)
    }

    /// Creates a table; false if it exists and `if_not_exists` is set.
    pub(crate) fn create_table(
        &self,
        id: String,
        definition: TableDefinition,
        if_not_exists: bool,
    ) -> Result<bool, CatalogError> {
        self.check_schema_model(&definition.schema)?;
        let mut schemas = self.schemas.write();
        let tables = schemas
            .get_mut(&definition.schema)
            .ok_or_else(|| CatalogError::NoSuchSchema(definition.schema.clone()))?;
        if tables.contains_key(&definition.name) {
            let name = self.full_name(&definition.schema, &definition.name);
            return if if_not_exists { Ok(false) } else { Err(CatalogError::TableExists(name)) };
        }
        self.on_disk(|disk| disk.create_table(&id, &definition))?;
        let name = definition.name.clone();
        tables.insert(name, Arc::new(Table::new(id, definition, self.disk.clone())));
        Ok(true)
    }

    /// Gives a table another name in its schema.
    pub(crate) fn rename_table(&self, schema: &str, table: &str, name: &str) -> Result<(), CatalogError> {
        let (schema, table) = (schema.to_lowercase(), table.to_lowercase());
        self.check_schema_model(&schema)?;
        let mut schemas = self.schemas.write();
        let tables = schemas.get_mut(&schema).ok_or_else(|| CatalogError::NoSuchSchema(schema.clone()))?;
        if tables.contains_key(name) {
            return Err(CatalogError::TableExists(self.full_name(&schema, name)));
        }
        let missing = || CatalogError::NoSuchTable(self.full_name(&schema, &table));
        let renamed = tables.get(&table).cloned().ok_or_else(missing)?;
        renamed.redefine(|definition| name.clone_into(&mut definition.name))?;
        tables.remove(&table);
        tables.insert(name.to_owned(), renamed);
        Ok(())
    }

    /// Drops a table; false if there is none.
    pub(crate) fn drop_table(&self, schema: &str, table: &str) -> Result<bool, CatalogError> {
        let (schema, table) = (schema.to_lowercase(), table.to_lowercase());
        self.check_schema_model(&schema)?;
        let mut schemas = self.schemas.write();
        let tables = schemas.get_mut(&schema).ok_or(CatalogError::NoSuchSchema(schema))?;
        let Some(dropped) = tables.get(&table).cloned() else { return Ok(false) };
        self.on_disk(|disk| disk.drop_table(&dropped.id))?;
        tables.remove(&table);
        dropped.mark_dropped();
        Ok(true)
    }
}
