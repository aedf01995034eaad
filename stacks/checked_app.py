"""The app of all stacks."""

from cdktf import App

from settings.problems import InvalidInputError
from stacks.aws_stack import AwsStack


class CheckedApp(App):
    """Writes nothing where addresses meet."""

    def synth(self) -> None:
        """Raises InvalidInputError."""
        stacks = [child for child in self.node.children if isinstance(child, AwsStack)]
        problems = [problem for stack in stacks for problem in stack.meeting_addresses()]
        if problems:
            raise InvalidInputError(problems)
        super().synth()
