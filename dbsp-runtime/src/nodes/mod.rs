//! The nodes: one shell for each shape of operator.

mod checked_input;
mod collection;
mod delay;
mod input;
mod integral;
mod join;
mod set_operation;
mod stateless;
mod unary;

pub(crate) use checked_input::CheckedInputNode;
pub(crate) use collection::{DifferentiateNode, LiftNode};
pub(crate) use delay::{DelayEmitNode, DelayTakeNode};
pub(crate) use input::{InputNode, UpsertNode};
pub(crate) use integral::IntegralNode;
pub(crate) use join::{Arranged, JoinNode, SemijoinNode};
pub(crate) use set_operation::SetOperationNode;
pub(crate) use stateless::StatelessNode;
pub(crate) use unary::UnaryNode;
