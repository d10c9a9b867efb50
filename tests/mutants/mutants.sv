// Which planted bug the hardware shows: asked of the program when an instance begins.
package mutants;
    import "DPI-C" function int mutant_of_hardware();
    int chosen = mutant_of_hardware();
endpackage
