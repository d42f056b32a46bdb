"""The computed facts behind the theoretical questions: numpy from the definition, the same under every profile.

Each question has one function in a `theory_...` module, which records what its answer shows as q<number>_<name>.
"""

import report_cli as report
from experiments import (
    theory_blocks,
    theory_gradients,
    theory_stack_figures,
    theory_stacks,
    theory_window_figures,
    theory_windows,
)

METRICS = {**theory_windows.METRICS, **theory_stacks.METRICS, **theory_blocks.METRICS, **theory_gradients.METRICS}
DIAGRAMS = {
    "q1_convolution": theory_window_figures.convolution,
    "q2_padding": theory_window_figures.padding,
    "q3_dilation": theory_window_figures.dilation,
    "q4_template": theory_window_figures.template,
    "q5_receptive_field": theory_stack_figures.receptive_field,
    "q6_channels": theory_stack_figures.channels,
    "q11_pooling": theory_window_figures.pooling,
    "q16_schedule": theory_stack_figures.schedule,
    "q17_inception": theory_stack_figures.inception,
    "q18_residual": theory_stack_figures.residual,
}


def draw(results: "report.Results", figures: report.Figures) -> None:
    """Draw the diagrams of the answers."""
    run = results.run()
    for name, diagram in DIAGRAMS.items():
        figures.add(name, *diagram(run))


@report.experiment(
    "theory",
    title="Computed facts of the theoretical questions",
    metrics=METRICS,
    profiles={},
    cost_s=1,
    figures=tuple(DIAGRAMS),
    draw=draw,
)
def theory(record: report.Record) -> None:
    """What do the definitions give for the inputs of the questions, and for small examples of the others?

    Command: report run theory

    Expected: exact numbers without spread; the tests compare each with the Keras layer.

    Cost: a second.
    """
    theory_windows.question_1(record)
    theory_windows.question_2(record)
    theory_windows.question_3(record)
    theory_windows.question_4(record)
    theory_stacks.question_5(record)
    theory_stacks.question_6(record)
    theory_windows.question_7(record)
    theory_windows.question_8(record)
    theory_windows.question_9(record)
    theory_windows.question_11(record)
    theory_gradients.question_12(record)
    theory_stacks.questions_15_and_16(record)
    theory_blocks.question_17(record)
    theory_blocks.question_18(record)
    theory_gradients.question_21(record)
