//! What is asked of PostgreSQL, and what does a refusal say about the server?

use std::time::Duration;

use sqlx::postgres::{PgArguments, PgConnection, PgRow};
use sqlx::query::Query;
use sqlx::{Connection, Postgres};

use super::super::{Away, DatabaseError, Statement, Value};
use crate::limits::{DATABASE_PATIENCE, DATABASE_PATIENCE_SLOW};

/// What is asked.
pub(super) struct Question {
    statements: Vec<Statement>,
    form: Form,
}

#[derive(Clone, Copy)]
enum Form {
    Change,
    Rows,
    Transaction,
}

/// What was answered.
#[derive(Default)]
pub(super) struct Answer {
    pub(super) rows: Vec<PgRow>,
    pub(super) affected: Vec<u64>,
}

impl Question {
    /// How long whoever asks will wait.
    pub(super) fn patience(&self) -> Duration {
        self.statements.iter().map(|statement| statement.patience).max().unwrap_or(DATABASE_PATIENCE)
    }

    /// An operator's long question is one long try; a counter's leaves time for another host.
    pub(super) fn is_slow(&self) -> bool {
        self.patience() >= DATABASE_PATIENCE_SLOW
    }

    /// Whether a failure may leave the connection within a transaction.
    pub(super) fn is_transaction(&self) -> bool {
        matches!(self.form, Form::Transaction)
    }

    pub(super) fn rows(statement: Statement) -> Self {
        Self { statements: vec![statement], form: Form::Rows }
    }

    pub(super) fn change(statement: Statement) -> Self {
        Self { statements: vec![statement], form: Form::Change }
    }

    pub(super) fn transaction(statements: Vec<Statement>) -> Self {
        Self { statements, form: Form::Transaction }
    }
}

/// Why one try failed.
pub(super) enum Trouble {
    /// The host is gone, frozen or a standby: look for another.
    Host(Away),
    /// Nothing is wrong with the host.
    Passing(Away),
    /// The next try would fail alike.
    Final(DatabaseError),
}

/// Puts the question to this connection.
pub(super) async fn put(connection: &mut PgConnection, question: &Question) -> Result<Answer, sqlx::Error> {
    let mut answer = Answer::default();
    match question.form {
        Form::Rows => {
            for statement in &question.statements {
                answer.rows = query(statement).fetch_all(&mut *connection).await?;
            }
        }
        Form::Change => {
            for statement in &question.statements {
                answer.affected.push(query(statement).execute(&mut *connection).await?.rows_affected());
            }
        }
        Form::Transaction => {
            let mut transaction = connection.begin().await?;
            for statement in &question.statements {
                answer.affected.push(query(statement).execute(&mut *transaction).await?.rows_affected());
            }
            transaction.commit().await?;
        }
    }
    Ok(answer)
}

fn query(statement: &Statement) -> Query<'_, Postgres, PgArguments> {
    statement.values.iter().fold(sqlx::query(statement.postgres), |query, value| match value {
        Value::Bool(value) => query.bind(value),
        Value::Bytes(value) => query.bind(value.as_deref()),
        Value::Int(value) => query.bind(value),
        Value::Ints(values) => query.bind(values),
        Value::Text(value) => query.bind(value.as_deref()),
        Value::Texts(values) => query.bind(values),
    })
}

/// What an error says about the host. Codes: PostgreSQL, appendix A.
pub(super) fn trouble(error: sqlx::Error) -> Trouble {
    match &error {
        sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::Protocol(_) | sqlx::Error::WorkerCrashed => {
            Trouble::Host(Away::Lost)
        }
        sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed => Trouble::Host(Away::Timeout),
        sqlx::Error::Database(refused) => match refused.code().as_deref().unwrap_or_default() {
            // read_only_sql_transaction; admin_shutdown, crash_shutdown, cannot_connect_now
            "25006" | "57P01" | "57P02" | "57P03" => Trouble::Host(Away::Lost),
            // connection_exception …
            state if state.starts_with("08") => Trouble::Host(Away::Lost),
            // too_many_connections, lock_not_available, serialization_failure, deadlock_detected
            "53300" | "55P03" | "40001" | "40P01" => Trouble::Passing(Away::Busy),
            _ => Trouble::Final(DatabaseError::Statement(error)),
        },
        _ => Trouble::Final(DatabaseError::Statement(error)),
    }
}
