from report_cli.figures import results

RESULTS = {"control": [70.0, 72.0], "inception": [75.0]}


def test_a_forest_plot_has_a_row_for_each_name() -> None:
    """Every result is a dot; an interval is a line where there is one."""
    figure, words = results.forest(RESULTS, {"control": (68.0, 74.0)}, "test accuracy (%)")
    axes = figure.axes[0]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["control", "inception"]
    dots = [dot.get_offsets().tolist() for dot in axes.collections]
    assert dots == [[[70, 0], [72, 0]], [[71, 0]], [[75, 1]], [[75, 1]]]
    assert [list(line.get_xdata()) for line in axes.lines] == [[68.0, 74.0]]
    assert "control: 71 over 2 runs, interval 68 to 74. inception: 75." in words


def test_results_are_drawn_against_their_cost() -> None:
    """Every result stands over what it costs, named beside the mean."""
    cost = {"control": 1e6, "inception": 3e6}
    figure, words = results.against(cost, RESULTS, "parameters", "test accuracy (%)")
    axes = figure.axes[0]
    assert [text.get_text() for text in axes.texts] == ["control", "inception"]
    assert [dots.get_offsets().tolist() for dots in axes.collections] == [[[1e6, 70], [1e6, 72]], [[3e6, 75]]]
    assert words == "Test accuracy (%) against parameters. control: 71 at 1,000,000; inception: 75 at 3,000,000."
