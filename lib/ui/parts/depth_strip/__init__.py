"""The strip of a backbone as a control of depth, for the parts that have one."""
